import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inside_sales", "0012_pressed_praise"),
    ]

    operations = [
        migrations.AlterField(
            model_name="holdingqueue",
            name="accepted_within_days",
            field=models.PositiveSmallIntegerField(
                default=90,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)],
                verbose_name="counts as a yield when an opportunity within days",
            ),
        ),
    ]
