"""The person and the company stand in the index of the states: what is asked of those of won leads reads none of the leads."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0037_addresses_beyond_ascii")]

    operations = [
        migrations.RemoveIndex(model_name="lead", name="lead_in_state"),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["state", "-opened_at", "-id"], name="lead_in_state", include=("contact", "account")),
        ),
    ]
