"""The list of what is not to be reached is ordered by each of its columns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engage", "0023_words_of_steps")]

    operations = [
        migrations.AddIndex(
            model_name="block",
            index=models.Index(
                models.Case(
                    models.When(is_erasure=True, then=models.Value(None)),
                    models.When(models.Q(("value", ""), _negated=True), then=models.F("value")),
                    default=models.F("ends_with"),
                    output_field=models.CharField(max_length=320, null=True),
                ),
                "id",
                name="block_by_value",
            ),
        ),
        migrations.AddIndex(
            model_name="block",
            index=models.Index(condition=models.Q(("reason", ""), _negated=True), fields=["reason", "id"], name="block_by_reason"),
        ),
        migrations.AddIndex(
            model_name="block",
            index=models.Index(condition=models.Q(("lifted_because", ""), _negated=True), fields=["lifted_because", "id"], name="block_by_reason_to_lift"),
        ),
    ]
