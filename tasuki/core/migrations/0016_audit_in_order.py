"""The audit log is ordered by who, what and through which door; what imports write stands behind all others, so that they write one small index more."""

from django.db import migrations, models

_NOT_IMPORTED = models.Q(("door", "import"), _negated=True)


class Migration(migrations.Migration):
    dependencies = [("core", "0015_words_together")]

    operations = [
        migrations.AddIndex("auditentry", models.Index(condition=_NOT_IMPORTED, fields=["actor", "at", "id"], name="audit_by_actor")),
        migrations.AddIndex("auditentry", models.Index(condition=_NOT_IMPORTED, fields=["action", "at", "id"], name="audit_by_action")),
        migrations.AddIndex("auditentry", models.Index(condition=_NOT_IMPORTED, fields=["door", "at", "id"], name="audit_by_door")),
        migrations.AddIndex("auditentry", models.Index(condition=models.Q(("door", "import")), fields=["id"], name="audit_of_imports")),
    ]
