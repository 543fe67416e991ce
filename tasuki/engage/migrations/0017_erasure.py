"""Blocks of those who asked to be erased, and copies in calendars that go with them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engage", "0016_reply_triage"),
    ]

    operations = [
        migrations.AddField(
            model_name="block",
            name="is_erasure",
            field=models.BooleanField(db_default=False, default=False, verbose_name="asked to be erased"),
        ),
        migrations.AddField(
            model_name="calendarentry",
            name="is_to_go",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="enrolment",
            name="why",
            field=models.CharField(
                blank=True,
                choices=[
                    ("reply", "they answered"),
                    ("talk", "they talked on the telephone"),
                    ("meeting", "a meeting is booked"),
                    ("opt_out", "they do not want it"),
                    ("bounce", "the mail came back"),
                    ("opportunity", "an opportunity is open"),
                    ("customer", "they became a customer"),
                    ("recycled", "the lead was recycled"),
                    ("lost", "the lead was lost"),
                    ("disqualified", "the lead was disqualified"),
                    ("erased", "the person is erased"),
                    ("merged", "merged with another"),
                    ("colleague", "a colleague answered"),
                    ("away", "they are away"),
                    ("by_hand", "by hand"),
                    ("nobody", "nobody of us carries the lead"),
                    ("no_answer", "no answer until the end"),
                    ("at_the_end", "through to the end"),
                ],
                max_length=12,
                verbose_name="why",
            ),
        ),
    ]
