"""The rule of retention."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("relay", "0015_erasure"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionRules",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("n_months", models.PositiveSmallIntegerField(null=True, verbose_name="months without activity and consent")),
            ],
            options={
                "verbose_name": "rule of retention",
                "verbose_name_plural": "rules of retention",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_row_of_retention_rules"),
                    models.CheckConstraint(
                        condition=models.Q(("n_months__isnull", True), models.Q(("n_months__gte", 3), ("n_months__lte", 240)), _connector="OR"),
                        name="retention_makes_sense",
                    ),
                ],
            },
        ),
    ]
