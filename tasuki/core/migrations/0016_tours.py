import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0015_set_up"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lead_id", models.BigIntegerField(default=0)),
                ("stop", models.CharField(blank=True, max_length=16)),
                ("state", models.CharField(choices=[("under_way", "Under Way"), ("left", "Left"), ("finished", "Finished")], max_length=9)),
                ("changed_at", models.DateTimeField()),
                ("person", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
