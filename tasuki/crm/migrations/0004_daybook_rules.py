"""The daybook writes itself: every statement that changes the ledger, or whose leads its passages are, notes what it changed."""

from django.db import migrations


def _told(moved: str, values: str) -> str:
    return f"""
        SELECT changed.sign, stay.stage_id, stay.outcome, stay.entered_at, stay.left_at, stay.amount,
               changed.source, changed.segment, changed.owner_id, changed.team_id
        FROM ({moved}) moved
        CROSS JOIN LATERAL (SELECT * FROM crm_passage passage WHERE passage.lead_id = moved.id OFFSET 0) stay
        CROSS JOIN LATERAL (VALUES {values}) AS changed(sign, source, segment, owner_id, team_id)"""


# What one passage means for the book: it entered on a day, and left on one if it did. {told} gives rows
# (sign, stage_id, outcome, entered_at, left_at, amount, source, segment, owner_id, team_id).
NOTES = """
INSERT INTO crm_daybooknote (counted_on, stage_id, outcome, source, segment, owner_id, team_id, n_entered, n_left, amount_entered, amount_left)
SELECT said.day, told.stage_id, told.outcome, told.source, told.segment, told.owner_id, told.team_id,
       sum(said.n_entered), sum(said.n_left), sum(said.amount_entered), sum(said.amount_left)
FROM ({told}) told
CROSS JOIN (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name) zone
CROSS JOIN LATERAL (SELECT CASE WHEN told.outcome = 'won' THEN told.sign * told.amount END AS worth) won
CROSS JOIN LATERAL (VALUES ((told.entered_at AT TIME ZONE zone.name)::date, told.sign, 0, won.worth, NULL),
                           ((told.left_at AT TIME ZONE zone.name)::date, 0, told.sign, NULL, won.worth))
           AS said(day, n_entered, n_left, amount_entered, amount_left)
WHERE said.day IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(said.n_entered) <> 0 OR sum(said.n_left) <> 0 OR sum(said.amount_entered) <> 0 OR sum(said.amount_left) <> 0
"""

# The same for many passages: they are counted by their days before each is told as an entry and an end, so that few rows are told.
NOTES_OF_MANY = """
INSERT INTO crm_daybooknote (counted_on, stage_id, outcome, source, segment, owner_id, team_id, n_entered, n_left, amount_entered, amount_left)
SELECT said.day, stays.stage_id, stays.outcome, stays.source, stays.segment, stays.owner_id, stays.team_id,
       sum(said.n_entered), sum(said.n_left), sum(said.amount_entered), sum(said.amount_left)
FROM (
    SELECT (told.entered_at AT TIME ZONE zone.name)::date AS entered_on, (told.left_at AT TIME ZONE zone.name)::date AS left_on,
           told.stage_id, told.outcome, told.source, told.segment, told.owner_id, told.team_id,
           sum(told.sign) AS n, sum(told.sign * told.amount) FILTER (WHERE told.outcome = 'won') AS worth
    FROM ({told}) told
    CROSS JOIN (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name) zone
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8) stays
CROSS JOIN LATERAL (VALUES (stays.entered_on, stays.n, 0, stays.worth, NULL), (stays.left_on, 0, stays.n, NULL, stays.worth))
           AS said(day, n_entered, n_left, amount_entered, amount_left)
WHERE said.day IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7
HAVING sum(said.n_entered) <> 0 OR sum(said.n_left) <> 0 OR sum(said.amount_entered) <> 0 OR sum(said.amount_left) <> 0
"""

# A lead that this transaction itself wrote is held already.
PASSAGES = f"""
CREATE FUNCTION crm_note_passages() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    written text := 'SELECT 1 AS sign, lead_id, stage_id, outcome, entered_at, left_at, amount FROM written';
    gone text := 'SELECT -1 AS sign, lead_id, stage_id, outcome, entered_at, left_at, amount FROM gone';
    changed text := CASE TG_OP WHEN 'INSERT' THEN written WHEN 'DELETE' THEN gone ELSE written || ' UNION ALL ' || gone END;
BEGIN
    -- Leads are held, so that one that changes hands meanwhile is not noted with the old ones.
    EXECUTE format($sql$
        WITH own AS MATERIALIZED (
            SELECT id, source, segment, owner_id, team_id FROM crm_lead
            WHERE id IN (SELECT lead_id FROM (%1$s) AS changed) AND xmin = pg_current_xact_id()::xid),
        other AS MATERIALIZED (
            SELECT id, source, segment, owner_id, team_id FROM crm_lead
            WHERE id IN (SELECT lead_id FROM (%1$s) AS changed EXCEPT SELECT id FROM own) FOR SHARE),
        held AS (SELECT * FROM own UNION ALL SELECT * FROM other)
        {NOTES_OF_MANY.format(told="SELECT changed.*, held.source, held.segment, held.owner_id, held.team_id FROM (%1$s) AS changed JOIN held ON held.id = lead_id")}
    $sql$, changed);
    RETURN NULL;
END $$;
CREATE TRIGGER daybook_insert AFTER INSERT ON crm_passage REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION crm_note_passages();
CREATE TRIGGER daybook_update AFTER UPDATE ON crm_passage REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION crm_note_passages();
CREATE TRIGGER daybook_delete AFTER DELETE ON crm_passage REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION crm_note_passages();
"""
NO_PASSAGES = """
DROP TRIGGER daybook_insert ON crm_passage; DROP TRIGGER daybook_update ON crm_passage; DROP TRIGGER daybook_delete ON crm_passage;
DROP FUNCTION crm_note_passages();
"""

# Of each lead that changed hands, source or segment the passages are looked up once; OFFSET keeps it from being a join with all passages.
MOVED = _told(
    """SELECT written.id, written.source, written.segment, written.owner_id, written.team_id,
              gone.source AS old_source, gone.segment AS old_segment, gone.owner_id AS old_owner_id, gone.team_id AS old_team_id
       FROM written JOIN gone USING (id)
       WHERE (written.source, written.segment, written.owner_id, written.team_id) IS DISTINCT FROM (gone.source, gone.segment, gone.owner_id, gone.team_id)""",
    "(1, moved.source, moved.segment, moved.owner_id, moved.team_id), (-1, moved.old_source, moved.old_segment, moved.old_owner_id, moved.old_team_id)",
)
GONE = _told("SELECT * FROM gone", "(-1, moved.source, moved.segment, moved.owner_id, moved.team_id)")
LEADS = f"""
CREATE FUNCTION crm_note_leads() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        {NOTES_OF_MANY.format(told=MOVED)};
    ELSE
        -- Passages of a lead that is gone count no more, even where they are deleted after it.
        {NOTES_OF_MANY.format(told=GONE)};
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER daybook_update AFTER UPDATE ON crm_lead REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION crm_note_leads();
CREATE TRIGGER daybook_delete AFTER DELETE ON crm_lead REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION crm_note_leads();
"""
NO_LEADS = "DROP TRIGGER daybook_update ON crm_lead; DROP TRIGGER daybook_delete ON crm_lead; DROP FUNCTION crm_note_leads();"

FOLD = """
CREATE FUNCTION crm_fold_the_daybook() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    days date[];
    kinds text[] := ARRAY['', 'source', 'segment', 'owner', 'team'];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('crm_fold_the_daybook'));
    WITH taken AS (DELETE FROM crm_daybooknote RETURNING *),
    folded AS (
        INSERT INTO crm_daybooktotal AS total (kind, key, counted_on, stage_id, outcome, n_entered, n_left, amount_entered, amount_left)
        SELECT kind, key, counted_on, stage_id, outcome, sum(n_entered), sum(n_left), nullif(sum(amount_entered), 0), nullif(sum(amount_left), 0)
        FROM taken CROSS JOIN LATERAL (VALUES
            ('', ''), ('source', source), ('segment', segment), ('owner', coalesce(owner_id::text, '')), ('team', team_id::text)) AS said(kind, key)
        GROUP BY kind, key, counted_on, stage_id, outcome
        HAVING sum(n_entered) <> 0 OR sum(n_left) <> 0 OR sum(amount_entered) <> 0 OR sum(amount_left) <> 0
        ORDER BY kind, counted_on, stage_id, outcome, key
        ON CONFLICT (kind, counted_on, stage_id, outcome, key) DO UPDATE
        SET n_entered = total.n_entered + excluded.n_entered, n_left = total.n_left + excluded.n_left,
            amount_entered = nullif(coalesce(total.amount_entered, 0) + coalesce(excluded.amount_entered, 0), 0),
            amount_left = nullif(coalesce(total.amount_left, 0) + coalesce(excluded.amount_left, 0), 0))
    SELECT count(*), array_agg(DISTINCT counted_on) INTO n, days FROM taken;
    DELETE FROM crm_daybooktotal
    WHERE kind = ANY(kinds) AND counted_on = ANY(days) AND n_entered = 0 AND n_left = 0 AND amount_entered IS NULL AND amount_left IS NULL;
    RETURN n;
END $$;
"""
NO_FOLD = "DROP FUNCTION crm_fold_the_daybook();"

_OF_ALL = """SELECT 1 AS sign, stay.stage_id, stay.outcome, stay.entered_at, stay.left_at, stay.amount, lead.source, lead.segment, lead.owner_id, lead.team_id
             FROM crm_passage stay JOIN crm_lead lead ON lead.id = stay.lead_id"""
ANEW = f"""
CREATE FUNCTION crm_write_the_daybook() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE crm_passage, crm_lead IN SHARE MODE;
    PERFORM pg_advisory_xact_lock(hashtext('crm_fold_the_daybook'));
    DELETE FROM crm_daybooknote;
    DELETE FROM crm_daybooktotal;
    {NOTES.format(told=_OF_ALL)};
    PERFORM crm_fold_the_daybook();
END $$;
CREATE FUNCTION crm_other_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM crm_write_the_daybook();
    RETURN NULL;
END $$;
CREATE TRIGGER daybook_zone AFTER UPDATE OF time_zone ON core_organisation FOR EACH ROW
    WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION crm_other_days();
SELECT crm_write_the_daybook();
"""
NO_ANEW = "DROP TRIGGER daybook_zone ON core_organisation; DROP FUNCTION crm_other_days(); DROP FUNCTION crm_write_the_daybook();"


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_stages")]

    operations = [
        migrations.RunSQL(FOLD, NO_FOLD),
        migrations.RunSQL(PASSAGES, NO_PASSAGES),
        migrations.RunSQL(LEADS, NO_LEADS),
        migrations.RunSQL(ANEW, NO_ANEW),
    ]
