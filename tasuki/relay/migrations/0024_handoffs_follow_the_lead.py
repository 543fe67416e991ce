"""The person and the company of a lead are written to its hand-offs too, whoever writes either: lists of hand-offs are ordered and asked by them."""

import django.db.models.deletion
from django.db import migrations, models

COPY = """
CREATE FUNCTION relay_copy_the_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Whoever changes the lead meanwhile would not find this row to change it as well.
        PERFORM FROM crm_lead WHERE id = NEW.lead_id FOR SHARE;
    END IF;
    SELECT contact_id, account_id INTO NEW.lead_contact_id, NEW.lead_account_id FROM crm_lead WHERE id = NEW.lead_id;
    RETURN NEW;
END $$;
CREATE TRIGGER copy_the_lead BEFORE INSERT OR UPDATE OF lead_id, lead_contact_id, lead_account_id ON relay_handoff
    FOR EACH ROW EXECUTE FUNCTION relay_copy_the_lead();
"""
FOLLOW = """
CREATE FUNCTION relay_follow_the_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Most leads were never handed off, and an UPDATE of no row still runs what is run for every statement.
    IF EXISTS (SELECT FROM relay_handoff WHERE lead_id = NEW.id) THEN
        UPDATE relay_handoff SET lead_contact_id = NEW.contact_id, lead_account_id = NEW.account_id WHERE lead_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER handoffs_follow AFTER UPDATE OF contact_id, account_id ON crm_lead FOR EACH ROW
WHEN ((OLD.contact_id, OLD.account_id) IS DISTINCT FROM (NEW.contact_id, NEW.account_id)) EXECUTE FUNCTION relay_follow_the_lead();
"""
THERE_ALREADY = """
UPDATE relay_handoff SET lead_contact_id = lead.contact_id, lead_account_id = lead.account_id FROM crm_lead lead WHERE lead.id = relay_handoff.lead_id;
"""


def _beside(model: str) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to=model
    )


class Migration(migrations.Migration):
    dependencies = [("crm", "0035_who_was_elsewhere"), ("relay", "0023_answers_in_order")]

    operations = [
        migrations.AddField(model_name="handoff", name="lead_contact", field=_beside("crm.contact")),
        migrations.AddField(model_name="handoff", name="lead_account", field=_beside("crm.account")),
        migrations.RunSQL(THERE_ALREADY, migrations.RunSQL.noop),
        migrations.RunSQL(COPY, "DROP TRIGGER copy_the_lead ON relay_handoff; DROP FUNCTION relay_copy_the_lead()"),
        migrations.RunSQL(FOLLOW, "DROP TRIGGER handoffs_follow ON crm_lead; DROP FUNCTION relay_follow_the_lead()"),
        migrations.AddIndex(model_name="handoff", index=models.Index(fields=["lead_contact", "id"], name="handoff_by_person")),
        migrations.AddIndex(model_name="handoff", index=models.Index(fields=["lead_account", "id"], name="handoff_by_account")),
    ]
