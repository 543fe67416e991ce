"""What stands on a lead is written to its opportunity too, whoever writes either: lists of opportunities are ordered and asked by it."""

from django.db import migrations

COPY = """
CREATE FUNCTION sales_copy_the_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Whoever changes the lead meanwhile would not find this row to change it as well.
        PERFORM FROM crm_lead WHERE id = NEW.lead_id FOR SHARE;
    END IF;
    SELECT contact_id, account_id, stage_id, stage_since, source, segment
    INTO NEW.lead_contact_id, NEW.lead_account_id, NEW.lead_stage_id, NEW.lead_stage_since, NEW.lead_source, NEW.lead_segment
    FROM crm_lead WHERE id = NEW.lead_id;
    RETURN NEW;
END $$;
CREATE TRIGGER copy_the_lead BEFORE INSERT OR UPDATE ON sales_opportunity FOR EACH ROW EXECUTE FUNCTION sales_copy_the_lead();
"""

FOLLOW = """
CREATE FUNCTION sales_follow_the_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Most leads have no opportunity, and an UPDATE of no row still runs what is run for every statement.
    IF EXISTS (SELECT FROM sales_opportunity WHERE lead_id = NEW.id) THEN
        UPDATE sales_opportunity SET lead_stage_id = NEW.stage_id WHERE lead_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER opportunities_follow AFTER UPDATE ON crm_lead FOR EACH ROW
WHEN ((OLD.contact_id, OLD.account_id, OLD.stage_id, OLD.stage_since, OLD.source, OLD.segment)
    IS DISTINCT FROM (NEW.contact_id, NEW.account_id, NEW.stage_id, NEW.stage_since, NEW.source, NEW.segment))
EXECUTE FUNCTION sales_follow_the_lead();
"""

THERE_ALREADY = "UPDATE sales_opportunity SET lead_id = lead_id"


class Migration(migrations.Migration):
    dependencies = [("sales", "0003_standing_of_their_leads")]

    operations = [
        migrations.RunSQL(COPY, "DROP TRIGGER copy_the_lead ON sales_opportunity; DROP FUNCTION sales_copy_the_lead()"),
        migrations.RunSQL(FOLLOW, "DROP TRIGGER opportunities_follow ON crm_lead; DROP FUNCTION sales_follow_the_lead()"),
        migrations.RunSQL(THERE_ALREADY, migrations.RunSQL.noop),
    ]
