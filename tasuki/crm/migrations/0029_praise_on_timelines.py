from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0028_opportunity_rules"),
    ]

    operations = [
        migrations.AlterField(
            model_name="timelineentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("move", "move"),
                    ("note", "note"),
                    ("call", "call"),
                    ("mail", "mail"),
                    ("meeting", "meeting"),
                    ("visit", "web visit"),
                    ("owner", "owner"),
                    ("task", "task"),
                    ("file", "file"),
                    ("import", "import"),
                    ("merge", "merge"),
                    ("handoff", "hand-off"),
                    ("win", "win"),
                    ("sequence", "sequence"),
                    ("praise", "praise"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
    ]
