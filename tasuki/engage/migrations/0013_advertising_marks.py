"""What advertising begins its subject with in some countries; where it is from stands in `tasuki/engage/contact_rules.py`."""

from django.db import migrations, models


def mark(apps, schema_editor):
    apps.get_model("engage", "ContactRule").objects.filter(country="KR", subject_mark="").update(subject_mark="(광고)")


class Migration(migrations.Migration):
    dependencies = [("engage", "0012_enclosures")]

    operations = [
        migrations.AddField(
            model_name="contactrule",
            name="subject_mark",
            field=models.CharField(blank=True, db_default="", default="", max_length=12, verbose_name="mark of advertising in the subject"),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
