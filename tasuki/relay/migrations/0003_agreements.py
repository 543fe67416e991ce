"""What is agreed until somebody agrees on something else: see the-model's defaults for speed to lead, and the word on a hand-off."""

from django.db import migrations

# event, from, to, counts, due, unit, minutes of warning, gives the lead on
AGREED = [
    ("raised", "marketing", "inside_sales", "business", 5, "minutes", 2, True),
    ("ready", "marketing", "inside_sales", "business", 15, "minutes", 5, True),
    ("other", "marketing", "inside_sales", "business", 1, "days", 60, False),
    ("meeting", "inside_sales", "sales", "wall", 24, "hours", 240, False),
]


def agree(apps, schema_editor):
    agreement = apps.get_model("relay", "Agreement")
    for position, (event, giver, taker, counts, n_due, unit, n_warn, reassigns) in enumerate(AGREED, start=1):
        agreement.objects.create(
            event=event,
            position=position,
            from_department=giver,
            to_department=taker,
            counts=counts,
            n_due=n_due,
            due_unit=unit,
            n_warn_minutes=n_warn,
            reassigns=reassigns,
        )


def forget(apps, schema_editor):
    apps.get_model("relay", "Agreement").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("relay", "0002_with_their_lead")]

    operations = [migrations.RunPython(agree, forget)]
