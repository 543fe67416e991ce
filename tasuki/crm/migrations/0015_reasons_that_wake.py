"""“Was not ready after all” waited for a visit to our site, which nothing tells of yet: it waits two months, unless the house has its own rule."""

from django.db import migrations


def wait_two_months(apps, _schema_editor):
    proposed = apps.get_model("crm", "ExitReason").objects.filter(key="score_too_generous", wakes="trigger", wake_trigger="visit")
    proposed.update(wakes="day", wake_days=60, wake_trigger="")


class Migration(migrations.Migration):
    dependencies = [("crm", "0014_teams_at_work")]

    operations = [migrations.RunPython(wait_two_months, migrations.RunPython.noop)]
