from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0015_reasons_that_wake"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="contact", name="contact_by_name"),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["family_name", "given_name", "id"], include=("account",), name="contact_by_name"),
        ),
    ]
