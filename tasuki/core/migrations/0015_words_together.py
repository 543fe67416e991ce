"""What a record and those that it belongs to hold together has an index of its own."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0014_rows_not_done")]

    operations = [
        migrations.CreateModel(
            name="SearchTogether",
            fields=[
                ("pk", models.CompositePrimaryKey("noun", "record_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("noun", models.CharField(max_length=16)),
                ("record_id", models.BigIntegerField()),
                ("keys", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={"indexes": [django.contrib.postgres.indexes.GinIndex(fields=["keys"], name="search_together_by_key")]},
        ),
        migrations.AddField("searchchange", "is_of_owners", models.BooleanField(db_default=False, default=False)),
    ]
