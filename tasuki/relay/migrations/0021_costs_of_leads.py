"""What one lead of each source costs is written into a plan."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("relay", "0020_steps_by_day")]

    operations = [
        migrations.AddField(model_name="plan", name="lead_costs", field=models.JSONField(default=dict, verbose_name="what a lead costs, by source")),
    ]
