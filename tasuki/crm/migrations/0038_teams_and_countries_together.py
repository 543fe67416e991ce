"""PostgreSQL counts teams and countries of accounts together: where teams are of countries, it would expect a part of each team's accounts in every country."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crm", "0037_addresses_beyond_ascii")]

    operations = [
        migrations.RunSQL(
            "CREATE STATISTICS account_team_and_country (mcv, dependencies) ON team_id, country FROM crm_account; ANALYZE crm_account (team_id, country)",
            "DROP STATISTICS account_team_and_country",
        ),
    ]
