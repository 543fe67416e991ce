"""The word on a hand-off is due as it was without an agreement: after one business day of the receiver's team. And what inside sales owes."""

from django.db import migrations

# As it came with Tasuki, when no clock followed it.
BEFORE = {"event": "meeting", "counts": "wall", "n_due": 24, "due_unit": "hours", "condition": "", "name": ""}
NOW = {"counts": "business", "n_due": 1, "due_unit": "days", "n_warn_minutes": 120}
# event, from, to, due, unit, minutes of warning
AGREED = [
    ("replied", "marketing", "inside_sales", 8, "hours", 60),
    ("planned", "sales", "inside_sales", 1, "days", 120),
    ("returned", "sales", "inside_sales", 1, "days", 120),
    ("feedback", "sales", "inside_sales", 1, "days", 0),
]


def agree(apps, schema_editor):
    agreement = apps.get_model("relay", "Agreement")
    agreement.objects.filter(**BEFORE).update(**NOW)
    last = agreement.objects.order_by("-position").values_list("position", flat=True).first() or 0
    for nth, (event, giver, taker, n_due, unit, n_warn) in enumerate(AGREED, start=1):
        agreement.objects.create(
            event=event,
            position=last + nth,
            from_department=giver,
            to_department=taker,
            counts="business",
            n_due=n_due,
            due_unit=unit,
            n_warn_minutes=n_warn,
        )


def forget(apps, schema_editor):
    agreement = apps.get_model("relay", "Agreement")
    agreement.objects.filter(event__in=[event for event, *_rest in AGREED]).delete()
    agreement.objects.filter(**{**BEFORE, **NOW}).update(**BEFORE, n_warn_minutes=240)


class Migration(migrations.Migration):
    dependencies = [("relay", "0011_what_hand_offs_owe")]

    operations = [migrations.RunPython(agree, forget)]
