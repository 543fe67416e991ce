"""Addresses that are not all ASCII are told apart: as long as there is none, a filter asks the key of an address, which an index has, for the address."""

from django.db import migrations, models
from django.db.models import F, Func, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThan

_IS_BEYOND_ASCII = Q(GreaterThan(Func(F("address"), function="octet_length", output_field=models.IntegerField()), Length("address")))


class Migration(migrations.Migration):
    dependencies = [("crm", "0036_whose_leads_in_a_stage")]

    operations = [
        migrations.AddIndex(
            model_name="contactemail",
            index=models.Index(condition=_IS_BEYOND_ASCII, fields=["id"], name="contact_email_beyond_ascii"),
        ),
    ]
