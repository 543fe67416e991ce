"""What somebody imported, or what imports did of some kind, is found in the audit log without reading all that they did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0016_audit_in_order")]

    operations = [
        migrations.AddIndex("auditentry", models.Index(condition=models.Q(("door", "import")), fields=["actor", "action"], name="audit_of_imports_by_whom")),
    ]
