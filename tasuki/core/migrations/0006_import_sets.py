import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0005_bulk_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(verbose_name="started")),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="started by"
                    ),
                ),
            ],
            options={
                "verbose_name": "import set",
                "verbose_name_plural": "import sets",
            },
        ),
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("noun", models.CharField(max_length=32, verbose_name="noun")),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("stored_as", models.CharField(max_length=255)),
                ("mapping", models.JSONField(verbose_name="mapping")),
                ("is_decided", models.BooleanField(default=False, verbose_name="decided")),
                (
                    "rehearsal",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="core.importrun", verbose_name="dry run"),
                ),
                (
                    "run",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="core.importrun", verbose_name="import"),
                ),
                ("of", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="files", to="core.importset")),
            ],
            options={
                "verbose_name": "file of an import",
                "verbose_name_plural": "files of an import",
            },
        ),
        migrations.CreateModel(
            name="SavedMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("noun", models.CharField(max_length=32, verbose_name="noun")),
                ("mapping", models.JSONField(verbose_name="mapping")),
                ("saved_at", models.DateTimeField(verbose_name="saved")),
                (
                    "saved_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="saved by"
                    ),
                ),
            ],
            options={
                "verbose_name": "saved mapping",
                "verbose_name_plural": "saved mappings",
                "constraints": [models.UniqueConstraint(fields=("noun", "name"), name="saved_mapping_once")],
            },
        ),
    ]
