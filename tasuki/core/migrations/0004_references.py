"""Rows of the history name only what is there: see core/references.py."""

from django.db import migrations

from tasuki.core.references import FUNCTION, NO_FUNCTION, checked


class Migration(migrations.Migration):
    dependencies = [("core", "0003_search_rules")]

    operations = [migrations.RunSQL(FUNCTION, NO_FUNCTION), checked("core_auditentry", actor_id="core_user.id")]
