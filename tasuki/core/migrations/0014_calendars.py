import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import tasuki.core.people


def write(apps, schema_editor):
    organisation = apps.get_model("core", "Organisation").objects.get(pk=1)
    calendar = apps.get_model("core", "Calendar").objects.create(
        name="Office hours", time_zone=organisation.time_zone, country=organisation.country, is_default=True
    )
    shift = apps.get_model("core", "CalendarShift")
    shift.objects.bulk_create(shift(calendar=calendar, weekday=weekday, from_minute=9 * 60, until_minute=18 * 60) for weekday in range(5))


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0013_import_undoing"),
    ]

    operations = [
        migrations.AlterField(
            model_name="organisation",
            name="country",
            field=models.CharField(default="KR", max_length=2, validators=[django.core.validators.RegexValidator("^[A-Z]{2}$")], verbose_name="country"),
        ),
        migrations.AlterField(
            model_name="organisation",
            name="currency",
            field=models.CharField(default="KRW", max_length=3, validators=[django.core.validators.RegexValidator("^[A-Z]{3}$")], verbose_name="currency"),
        ),
        migrations.CreateModel(
            name="Calendar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                ("time_zone", models.CharField(max_length=64, validators=[tasuki.core.people.check_time_zone], verbose_name="time zone")),
                ("country", models.CharField(blank=True, max_length=2, verbose_name="public holidays of")),
                ("is_default", models.BooleanField(default=False, verbose_name="calendar of the organisation")),
            ],
            options={
                "verbose_name": "calendar",
                "verbose_name_plural": "calendars",
                "constraints": [models.UniqueConstraint(condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_calendar")],
            },
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("falls_on", models.DateField(verbose_name="day")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("hours", models.CharField(blank=True, max_length=120, verbose_name="hours")),
                ("calendar", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="own_days", to="core.calendar")),
            ],
            options={
                "verbose_name": "day of one's own",
                "verbose_name_plural": "days of one's own",
                "constraints": [models.UniqueConstraint(fields=("calendar", "falls_on"), name="own_day_once")],
            },
        ),
        migrations.CreateModel(
            name="CalendarShift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("weekday", models.PositiveSmallIntegerField()),
                ("from_minute", models.PositiveSmallIntegerField()),
                ("until_minute", models.PositiveSmallIntegerField()),
                ("calendar", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="shifts", to="core.calendar")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("weekday__lte", 6)), name="shift_on_a_weekday"),
                    models.CheckConstraint(
                        condition=models.Q(("from_minute__lt", models.F("until_minute")), ("until_minute__lte", 1440)), name="shift_within_a_day"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            (models.Func(models.F("calendar"), models.F("calendar"), models.Value("[]"), function="int8range"), "&&"),
                            (
                                models.Func(
                                    models.F("weekday"),
                                    models.F("weekday"),
                                    models.Value("[]"),
                                    function="int4range",
                                    output_field=django.contrib.postgres.fields.ranges.IntegerRangeField(),
                                ),
                                "&&",
                            ),
                            (
                                models.Func(
                                    models.F("from_minute"),
                                    models.F("until_minute"),
                                    function="int4range",
                                    output_field=django.contrib.postgres.fields.ranges.IntegerRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="shifts_do_not_overlap",
                    ),
                ],
            },
        ),
        migrations.RunPython(write, migrations.RunPython.noop),
    ]
