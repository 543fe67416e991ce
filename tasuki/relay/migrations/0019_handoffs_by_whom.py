"""The list of hand-offs is walked in the order of people and teams, one after the other."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0013_erasure"),
        ("crm", "0027_countries_of_teams"),
        ("engage", "0020_rebook_rules"),
        ("relay", "0018_stays_by_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["credited_to", "offered_at", "id"], name="handoff_by_credited"),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["to_owner", "offered_at", "id"], name="handoff_by_receiver"),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["answered_by", "id"], name="handoff_by_answerer"),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["from_team", "id"], name="handoff_by_from_team"),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(fields=["to_team", "id"], name="handoff_by_to_team"),
        ),
    ]
