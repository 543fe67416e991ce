from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0010_choices_for_rows")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="postal_address",
            field=models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="postal address"),
        ),
    ]
