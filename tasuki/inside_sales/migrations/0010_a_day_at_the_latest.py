"""Whatever waits for something to happen is looked at again a year after it left, at the latest."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("crm", "0015_reasons_that_wake"), ("inside_sales", "0009_review_versions")]

    operations = [
        migrations.RunSQL(
            "UPDATE inside_sales_holding SET wake_on = (held_at + interval '365 days')::date WHERE state = 'waiting' AND wake_on IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="holding",
            constraint=models.CheckConstraint(condition=~Q(state="waiting") | Q(wake_on__isnull=False), name="waits_for_a_day_at_the_latest"),
        ),
    ]
