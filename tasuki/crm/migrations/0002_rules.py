"""Rules that hold in the database whoever writes: ledger and consents are append-only, a lead stands in one stage, where it came from never changes."""

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

# While a lead's first passage is open it is not in the index of `one_stage_at_a_time`; this keeps others out of its time all the same.
# Where there is no other passage, nothing is read but the index. Whoever moves a lead holds its row, so two writers never pass each other here.
FIRST = """
CREATE FUNCTION crm_keep_the_first_passage_alone() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM written WHERE written.seq = 1 AND written.left_at IS NULL AND EXISTS (
            SELECT FROM crm_passage other WHERE other.lead_id = written.lead_id AND other.seq > 1
              AND tstzrange(other.entered_at, other.left_at) && tstzrange(written.entered_at, written.left_at))
    ) OR EXISTS (
        SELECT FROM written WHERE written.seq <> 1 AND EXISTS (
            SELECT FROM crm_passage other WHERE other.lead_id = written.lead_id AND other.seq = 1 AND other.left_at IS NULL
              AND tstzrange(other.entered_at, other.left_at) && tstzrange(written.entered_at, written.left_at))
    ) THEN
        RAISE EXCEPTION 'a lead stands in one stage at a time (one_stage_at_a_time)'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_stage_at_a_time', TABLE = 'crm_passage';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER one_stage_at_a_time AFTER INSERT ON crm_passage REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_the_first_passage_alone();
"""
NO_FIRST = "DROP TRIGGER one_stage_at_a_time ON crm_passage; DROP FUNCTION crm_keep_the_first_passage_alone();"

# A merge may give what was said to another record of the same person; nothing else may touch it.
KEEP = """
CREATE FUNCTION crm_keep_the_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('tasuki.correcting', true), '') <> '' THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'contact_id' - 'file_id' = to_jsonb(OLD) - 'contact_id' - 'file_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'consents are append-only: what was said stays' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE ON crm_consent FOR EACH ROW EXECUTE FUNCTION crm_keep_the_consents();
"""
NO_KEEP = "DROP TRIGGER consents_append_only ON crm_consent; DROP FUNCTION crm_keep_the_consents();"


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]

    operations = [
        migrations.RunSQL(LEDGER, NO_LEDGER),
        migrations.RunSQL(SOURCE, NO_SOURCE),
        migrations.RunSQL(FIRST, NO_FIRST),
        migrations.RunSQL(KEEP, NO_KEEP),
    ]
