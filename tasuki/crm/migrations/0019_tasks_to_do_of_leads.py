from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0018_owners_with_their_team"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["lead", "due_on"], name="task_to_do_of_lead", condition=Q(done_at__isnull=True)),
        ),
    ]
