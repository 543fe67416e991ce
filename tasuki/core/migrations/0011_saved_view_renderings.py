from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0010_import_rows_without_a_check"),
    ]

    operations = [
        migrations.AddField("savedview", "rendering", models.CharField("shown as", max_length=8, default="", db_default="", blank=True)),
        migrations.AddField("savedview", "grouping", models.CharField("grouped by", max_length=80, default="", db_default="", blank=True)),
    ]
