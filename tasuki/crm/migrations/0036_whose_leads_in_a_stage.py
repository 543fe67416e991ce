"""Whose a lead is stands in the index of the stages: whoever sees one team reads no row of the others' on the way to it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0035_who_was_elsewhere")]

    operations = [
        migrations.RemoveIndex(model_name="lead", name="lead_in_stage"),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["stage", "-opened_at", "-id"], name="lead_in_stage", include=("state", "team", "owner")),
        ),
    ]
