"""Rules that hold in the database whoever writes: the ledger is append-only, and where a lead came from never changes."""

from django.db import migrations

# `tasuki.correcting` is set for one transaction by `ledger.correcting`: the undo of an import, the erasure of a person.
LEDGER = """
CREATE FUNCTION crm_keep_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('tasuki.correcting', true), '') <> '' THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.left_at IS NULL AND NEW.left_at IS NOT NULL
       AND (NEW.lead_id, NEW.seq, NEW.stage_id, NEW.entered_at) = (OLD.lead_id, OLD.seq, OLD.stage_id, OLD.entered_at)
       AND NEW.entry_import_id IS NOT DISTINCT FROM OLD.entry_import_id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the ledger is append-only: a passage is entered once and left once' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON crm_passage
    FOR EACH ROW EXECUTE FUNCTION crm_keep_the_ledger();
"""
NO_LEDGER = "DROP TRIGGER ledger_append_only ON crm_passage; DROP FUNCTION crm_keep_the_ledger();"

SOURCE = """
CREATE FUNCTION crm_keep_the_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the source and the origin of a lead never change' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER lead_source_immutable BEFORE UPDATE OF source, source_detail, origin ON crm_lead FOR EACH ROW
    WHEN ((OLD.source, OLD.source_detail, OLD.origin) IS DISTINCT FROM (NEW.source, NEW.source_detail, NEW.origin))
    EXECUTE FUNCTION crm_keep_the_source();
"""
NO_SOURCE = "DROP TRIGGER lead_source_immutable ON crm_lead; DROP FUNCTION crm_keep_the_source();"


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [migrations.RunSQL(LEDGER, NO_LEDGER), migrations.RunSQL(SOURCE, NO_SOURCE)]
