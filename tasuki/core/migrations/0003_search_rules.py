"""People and teams are noted for search whoever writes them."""

from django.db import migrations

from tasuki.core.search.noting import FUNCTION, NO_FUNCTION, noting


class Migration(migrations.Migration):
    dependencies = [("core", "0002_rules")]

    operations = [
        migrations.RunSQL(FUNCTION, NO_FUNCTION),
        noting("core_user", noun="user", columns=("family_name", "given_name", "email")),
        noting("core_team", noun="team", columns=("name",)),
    ]
