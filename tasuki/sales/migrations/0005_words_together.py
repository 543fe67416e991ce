"""The words of opportunities are read together with those of the person and the company whose deal they are."""

from django.db import migrations

from tasuki.core.search.noting import noting

_ALONE = noting("sales_opportunity", noun="opportunity", columns=("name", "reference"))


class Migration(migrations.Migration):
    dependencies = [("core", "0015_words_together"), ("sales", "0004_follow_the_lead")]

    operations = [
        migrations.RunSQL(_ALONE.reverse_sql, _ALONE.sql),
        noting("sales_opportunity", noun="opportunity", columns=("name", "reference", "lead_contact_id", "lead_account_id")),
    ]
