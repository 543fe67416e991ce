from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inside_sales", "0013_yield_is_an_opportunity"),
    ]

    operations = [
        migrations.AddField(
            model_name="routingdecision",
            name="domain",
            field=models.CharField(blank=True, db_default="", default="", max_length=253, verbose_name="domain"),
        ),
    ]
