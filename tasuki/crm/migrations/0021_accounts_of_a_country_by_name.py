"""Accounts of a country, and what hangs on them, are walked in the order of their names: names in one script are far from where a walk of all begins."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0020_told_of_bulk_changes")]

    operations = [
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["country", "name", "id"], name="account_by_country_and_name"),
        ),
    ]
