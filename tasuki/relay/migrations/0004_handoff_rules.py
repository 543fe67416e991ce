"""What the database holds whoever writes: an answer names the person whom its hand-off credits, and is never changed."""

from django.db import migrations

CREDITED = """
ALTER TABLE relay_handoff ADD CONSTRAINT handoff_with_credited UNIQUE (id, credited_to_id);
ALTER TABLE relay_handoffanswer ADD CONSTRAINT answer_names_whom_the_handoff_credits
    FOREIGN KEY (handoff_id, credited_to_id) REFERENCES relay_handoff (id, credited_to_id);
"""
NOT_CREDITED = """
ALTER TABLE relay_handoffanswer DROP CONSTRAINT answer_names_whom_the_handoff_credits;
ALTER TABLE relay_handoff DROP CONSTRAINT handoff_with_credited;
"""
ANSWERS = "CREATE TRIGGER answers_stay BEFORE UPDATE ON relay_handoffanswer FOR EACH ROW EXECUTE FUNCTION core_refuse_rewriting();"


class Migration(migrations.Migration):
    dependencies = [("relay", "0003_agreements"), ("core", "0002_rules")]

    operations = [
        migrations.RunSQL(CREDITED, NOT_CREDITED),
        migrations.RunSQL(ANSWERS, "DROP TRIGGER answers_stay ON relay_handoffanswer;"),
    ]
