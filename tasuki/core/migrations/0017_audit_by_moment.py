"""What one person did, or what was done in one way, stands in the order of its moments."""

from django.db import migrations, models

_NOT_IMPORTED = models.Q(("door", "import"), _negated=True)


class Migration(migrations.Migration):
    dependencies = [("core", "0016_audit_in_order")]

    operations = [
        migrations.RemoveIndex("auditentry", "audit_by_actor"),
        migrations.RemoveIndex("auditentry", "audit_by_action"),
        migrations.RemoveIndex("auditentry", "audit_by_door"),
        migrations.AddIndex("auditentry", models.Index(condition=_NOT_IMPORTED, fields=["actor", "at", "id"], name="audit_by_actor")),
        migrations.AddIndex("auditentry", models.Index(condition=_NOT_IMPORTED, fields=["action", "at", "id"], name="audit_by_action")),
        migrations.AddIndex("auditentry", models.Index(condition=_NOT_IMPORTED, fields=["door", "at", "id"], name="audit_by_door")),
    ]
