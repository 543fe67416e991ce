from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0030_told_of_calls")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="postal_address",
            field=models.CharField(blank=True, db_default="", default="", max_length=300, verbose_name="postal address"),
        ),
    ]
