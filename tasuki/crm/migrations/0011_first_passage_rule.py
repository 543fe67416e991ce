"""While a lead's first passage is open it is not in the index of `one_stage_at_a_time`; this keeps others out of its time all the same."""

from django.db import migrations

# One look for a whole statement, by lead and number. Whoever moves a lead holds its row, so two writers never pass each other here.
FIRST = """
CREATE FUNCTION crm_keep_the_first_passage_alone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM written CROSS JOIN LATERAL (
            SELECT 1 FROM crm_passage other
            WHERE other.lead_id = written.lead_id AND other.seq <> written.seq
              AND ((written.seq = 1 AND written.left_at IS NULL) OR (other.seq = 1 AND other.left_at IS NULL))
              AND tstzrange(other.entered_at, other.left_at) && tstzrange(written.entered_at, written.left_at)
            LIMIT 1) at_once
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


class Migration(migrations.Migration):
    dependencies = [("crm", "0010_lean_imports")]

    operations = [migrations.RunSQL(FIRST, NO_FIRST)]
