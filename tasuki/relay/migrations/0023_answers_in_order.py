"""Leads are ordered by the promise that is due first, which are walked in the order of their moments."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("relay", "0022_handoffs_decided")]

    operations = [
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("stopped_at__isnull", True), models.Q(("owed", "reading"), _negated=True)),
                fields=["due_at", "lead"],
                name="clock_by_end",
            ),
        ),
    ]
