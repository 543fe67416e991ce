"""The calendar that a house begins with."""

from django.db import migrations


def write(apps, schema_editor):
    organisation = apps.get_model("core", "Organisation").objects.get(pk=1)
    calendar = apps.get_model("core", "Calendar").objects.create(
        name="Office hours", time_zone=organisation.time_zone, country=organisation.country, is_default=True
    )
    shift = apps.get_model("core", "CalendarShift")
    shift.objects.bulk_create(shift(calendar=calendar, weekday=weekday, from_minute=9 * 60, until_minute=18 * 60) for weekday in range(5))


class Migration(migrations.Migration):
    dependencies = [("core", "0004_references")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
