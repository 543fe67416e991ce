"""Whether somebody owns leads of other teams is asked by every page of numbers: by the index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0017_the_pass_before_once")]

    operations = [
        migrations.RemoveIndex(model_name="lead", name="lead_of_owner"),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["owner", "-opened_at", "-id"], name="lead_of_owner", include=("state", "team")),
        ),
    ]
