"""Leads are ordered by the first of their tasks to do, which are walked in the order of their days; accounts by their postal address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0032_words_together")]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("done_at__isnull", True), ("lead__isnull", False)),
                fields=["due_on", "lead"],
                include=("owner", "team"),
                name="task_to_do_by_day_of_lead",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(condition=models.Q(("postal_address", ""), _negated=True), fields=["postal_address", "id"], name="account_by_postal_address"),
        ),
    ]
