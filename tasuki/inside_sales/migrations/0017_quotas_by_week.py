"""Quotas of listening hold from a Monday on. Those that are there held ever since anybody knows."""

from datetime import date

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("inside_sales", "0016_skips_by_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="listeningquota",
            name="from_on",
            field=models.DateField(default=date(1970, 1, 1), verbose_name="from"),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="listeningquota",
            name="coach",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="listening_quotas",
                to=settings.AUTH_USER_MODEL,
                verbose_name="coach",
            ),
        ),
        migrations.AlterField(
            model_name="listeningquota",
            name="n_to_hear",
            field=models.PositiveSmallIntegerField(null=True, verbose_name="calls to hear a week"),
        ),
        migrations.AddConstraint(
            model_name="listeningquota",
            constraint=models.UniqueConstraint(fields=("coach", "from_on"), name="listening_quota_once_a_week", nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name="listeningquota",
            constraint=models.CheckConstraint(
                condition=models.Q(("coach__isnull", False), ("n_to_hear__isnull", False), _connector="OR"), name="listening_quota_of_the_house_is_a_number"
            ),
        ),
    ]
