from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0027_countries_of_teams"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpportunityRules",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                (
                    "counted",
                    models.CharField(
                        choices=[("accepted", "sales took the lead over: it came to P1"), ("beyond_p1", "it left P1: it came to P2 or later")],
                        default="accepted",
                        max_length=9,
                        verbose_name="a lead counts as an opportunity when",
                    ),
                ),
            ],
            options={
                "verbose_name": "definition of an opportunity",
                "verbose_name_plural": "definitions of an opportunity",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_row_of_opportunity_rules"),
                    models.CheckConstraint(condition=models.Q(("counted__in", ["accepted", "beyond_p1"])), name="opportunity_is_counted_in_one_of_two_ways"),
                ],
            },
        ),
    ]
