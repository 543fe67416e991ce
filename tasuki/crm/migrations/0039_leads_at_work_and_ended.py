"""Leads of a stage at work have an index by the time since which they are in it: tens of thousands stand behind all others in that order.
Those that are not in process have one of each state with their person, company, team and owner in it. An import of leads writes into neither."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0038_teams_and_countries_together")]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                fields=["stage", "stage_since", "id"],
                name="lead_at_work_by_time",
                condition=models.Q(stage__in=["ready", "working", "connected", "booked"]),
                include=("team", "owner"),
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                fields=["state", "-opened_at", "-id"],
                name="lead_ended_in_state",
                condition=models.Q(("state", "open"), _negated=True),
                include=("contact", "account", "team", "owner"),
            ),
        ),
    ]
