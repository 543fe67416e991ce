"""What of a change of very many rows was refused is asked every two seconds while it runs: it has an index of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0013_erasure")]

    operations = [
        migrations.AddIndex("bulkrow", models.Index(fields=["run", "id"], condition=models.Q(("reason", ""), _negated=True), name="bulk_row_not_done")),
    ]
