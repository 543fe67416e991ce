"""What goes with a record that is removed."""

from django.db import migrations

# Following, being mentioned and being told are no work that a record's removal must spare, whoever removes it: an undo of an import does so in SQL.
_GONE_WITH = [
    ("follow", "account", "account"),
    ("follow", "contact", "contact"),
    ("follow", "lead", "lead"),
    ("mention", "entry", "timelineentry"),
    ("notification", "account", "account"),
    ("notification", "contact", "contact"),
    ("notification", "lead", "lead"),
    ("notification", "task", "task"),
    ("notification", "entry", "timelineentry"),
]
_RULES = "".join(
    f"ALTER TABLE crm_{table} ADD CONSTRAINT {table}_gone_with_{column} FOREIGN KEY ({column}_id) REFERENCES crm_{to} (id) "
    "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;"
    for table, column, to in _GONE_WITH
)
_NO_RULES = "".join(f"ALTER TABLE crm_{table} DROP CONSTRAINT {table}_gone_with_{column};" for table, column, _to in _GONE_WITH)


class Migration(migrations.Migration):
    dependencies = [("crm", "0006_references")]

    operations = [migrations.RunSQL(_RULES, _NO_RULES)]
