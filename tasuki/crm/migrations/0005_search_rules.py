"""What can be found of accounts, contacts, products and tasks is noted for search whoever writes it."""

from django.db import migrations

from tasuki.core.search.noting import noting


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_daybook_rules"), ("core", "0003_search_rules")]

    operations = [
        noting("crm_account", noun="account", columns=("name", "folded_name", "domain", "corporate_number", "reference")),
        noting("crm_contact", noun="contact", columns=("family_name", "given_name", "account_id", "reference")),
        noting("crm_contactemail", noun="contact", record_id="contact_id", columns=("contact_id", "address")),
        noting("crm_contactphone", noun="contact", record_id="contact_id", columns=("contact_id", "e164")),
        noting("crm_product", noun="product", columns=("name", "code")),
        noting("crm_task", noun="task", columns=("subject",)),
    ]
