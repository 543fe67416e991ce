import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def leave_old_houses_alone(apps, schema_editor):
    """Who works here already has no first day any more."""
    if apps.get_model("core", "User").objects.exists():
        apps.get_model("core", "SetUpStep").objects.create(key="dismissed", state="skipped", at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0014_calendars"),
    ]

    operations = [
        migrations.CreateModel(
            name="SetUpStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=16, unique=True, verbose_name="step")),
                ("state", models.CharField(choices=[("done", "done"), ("skipped", "skipped")], max_length=8, verbose_name="state")),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "step of the set-up",
                "verbose_name_plural": "steps of the set-up",
            },
        ),
        migrations.RunPython(leave_old_houses_alone, migrations.RunPython.noop),
    ]
