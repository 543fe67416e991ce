"""Addresses that are not all ASCII are told apart: as long as there is none, a filter asks the key of an address, which an index has, for the address."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("crm", "0036_whose_leads_in_a_stage")]

    operations = [
        migrations.AddIndex(
            model_name="contactemail",
            index=models.Index(condition=~Q(address__regex=r"^[\x01-\x7f]*$"), fields=["id"], name="contact_email_beyond_ascii"),
        ),
    ]
