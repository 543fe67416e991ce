from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inside_sales", "0014_praise_on_timelines"),
    ]

    operations = [
        migrations.AddField(
            model_name="routingdecision",
            name="domain",
            field=models.CharField(blank=True, db_default="", default="", max_length=253, verbose_name="domain"),
        ),
    ]
