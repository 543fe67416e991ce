from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engage", "0022_answers_that_wait")]

    operations = [
        migrations.AddField(
            model_name="deed",
            name="words",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="text"),
        ),
    ]
