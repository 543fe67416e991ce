"""Whatever changes what inside sales is counted by says so: in which days, in the same transaction."""

from django.db import migrations

# OFFSET has what belongs to a changed row looked up by it, and is no join with all there is.
# The rows that changed, as they are and as they were. {columns} of them, for whichever of the two there are.
FUNCTION = """
CREATE FUNCTION relay_touch_{name}() RETURNS trigger LANGUAGE plpgsql {settings} AS $$
DECLARE
    written text := 'SELECT {columns} FROM written';
    gone text := 'SELECT {columns} FROM gone';
    changed text := CASE TG_OP WHEN 'INSERT' THEN written WHEN 'DELETE' THEN gone ELSE written || ' UNION ' || gone END;
BEGIN
    EXECUTE format($sql$
        WITH changed AS MATERIALIZED (%1$s),
             zone AS (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name)
        INSERT INTO relay_legtouched (noun, touched_on)
        SELECT DISTINCT said.noun, (said.moment AT TIME ZONE zone.name)::date FROM zone CROSS JOIN LATERAL ({said}) AS said(noun, moment)
        WHERE said.moment IS NOT NULL
    $sql$, changed);
    RETURN NULL;
END $$;
CREATE TRIGGER leg_days_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION relay_touch_{name}();
CREATE TRIGGER leg_days_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION relay_touch_{name}();
CREATE TRIGGER leg_days_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION relay_touch_{name}();
"""
NO_FUNCTION = """
DROP TRIGGER leg_days_insert ON {table}; DROP TRIGGER leg_days_update ON {table}; DROP TRIGGER leg_days_delete ON {table};
DROP FUNCTION relay_touch_{name}();
"""
# Those of which it is known whether they were given up.
ENDED = "stay.stage_id IN ('ready', 'working') AND stay.outcome IN ('recycled', 'lost', 'disqualified')"
TOUCHES = [
    {
        # A lead is counted once in a period: who called it later is a first or a second time by this call. What was given up had no call.
        "name": "calls", "table": "engage_call", "columns": "lead_id, started_at", "settings": "SET enable_seqscan = off",
        "said": f"""
            SELECT 'call', started_at FROM changed
            UNION ALL SELECT 'call', later.started_at FROM changed
                CROSS JOIN LATERAL (SELECT started_at FROM engage_call WHERE lead_id = changed.lead_id AND started_at > changed.started_at OFFSET 0) later
            UNION ALL SELECT 'given_up', stay.left_at FROM changed
                CROSS JOIN LATERAL (SELECT left_at FROM crm_passage stay WHERE stay.lead_id = changed.lead_id AND {ENDED} OFFSET 0) stay""",
    },
    {
        # A no-show that is booked again is none.
        "name": "meetings", "table": "engage_meeting", "columns": "starts_at, previous_id", "settings": "",
        "said": """
            SELECT 'meeting', starts_at FROM changed
            UNION ALL SELECT 'meeting', former.starts_at FROM changed JOIN engage_meeting former ON former.id = changed.previous_id""",
    },
    {
        "name": "handoffs", "table": "relay_handoff", "columns": "answered_at", "settings": "",
        "said": "SELECT 'handoff', answered_at FROM changed",
    },
    {
        "name": "clocks", "table": "relay_clock", "columns": "settled_at", "settings": "",
        "said": "SELECT 'promise', settled_at FROM changed",
    },
    {
        # Who is reached makes first answers worth more that were given before. One passage is left when the next is entered, and knows by it where to.
        "name": "passages", "table": "crm_passage", "columns": "lead_id, stage_id, outcome, entered_at, left_at", "settings": "SET enable_seqscan = off",
        "said": f"""
            SELECT 'given_up', left_at FROM changed AS stay WHERE {ENDED}
            UNION ALL SELECT 'edge', moment FROM changed CROSS JOIN LATERAL (VALUES (entered_at), (left_at)) AS said(moment)
            UNION ALL SELECT 'promise', clock.settled_at FROM changed
                CROSS JOIN LATERAL (SELECT settled_at FROM relay_clock WHERE lead_id = changed.lead_id OFFSET 0) clock
                WHERE changed.stage_id NOT IN ('captured', 'nurturing', 'ready', 'working')""",
    },
    {
        "name": "entries", "table": "inside_sales_calllistentry", "columns": "call_list_id", "settings": "",
        "said": "SELECT 'list', list.for_on::timestamp AT TIME ZONE zone.name FROM changed JOIN inside_sales_calllist list ON list.id = changed.call_list_id",
    },
]  # fmt: skip

# Leads that change hands carry their passages along; people who change teams what they did.
OTHERS = """
CREATE FUNCTION relay_touch_leads() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO relay_legtouched (noun, touched_on)
    SELECT DISTINCT 'edge', (said.moment AT TIME ZONE zone.name)::date
    FROM (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name) zone
    CROSS JOIN (SELECT id FROM written JOIN gone USING (id)
                WHERE (written.owner_id, written.team_id, written.source) IS DISTINCT FROM (gone.owner_id, gone.team_id, gone.source)) moved
    CROSS JOIN LATERAL (SELECT entered_at, left_at FROM crm_passage
                        WHERE lead_id = moved.id AND stage_id IN ('ready', 'working', 'connected', 'booked') OFFSET 0) stay
    CROSS JOIN LATERAL (VALUES (stay.entered_at), (stay.left_at)) AS said(moment) WHERE said.moment IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER leg_days_update AFTER UPDATE ON crm_lead REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION relay_touch_leads();
CREATE FUNCTION relay_touch_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO relay_legtouched (noun, touched_on)
    SELECT DISTINCT said.noun, said.day FROM (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name) zone
    CROSS JOIN LATERAL (
        SELECT 'call', (started_at AT TIME ZONE zone.name)::date FROM engage_call WHERE caller_id = NEW.id
        -- Whom a colleague of the old team or the new one called later was called a first or a second time by that team.
        UNION SELECT 'call', (later.started_at AT TIME ZONE zone.name)::date FROM engage_call mine
            JOIN engage_call later ON later.lead_id = mine.lead_id AND later.started_at > mine.started_at WHERE mine.caller_id = NEW.id
        UNION SELECT 'meeting', (starts_at AT TIME ZONE zone.name)::date FROM engage_meeting WHERE booked_by_id = NEW.id
        UNION SELECT 'list', for_on FROM inside_sales_calllist WHERE owner_id = NEW.id) AS said(noun, day);
    RETURN NULL;
END $$;
CREATE TRIGGER leg_days_team AFTER UPDATE OF team_id ON core_user FOR EACH ROW
    WHEN (OLD.team_id IS DISTINCT FROM NEW.team_id) EXECUTE FUNCTION relay_touch_people();
CREATE FUNCTION relay_other_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM relay_legcounted;
    RETURN NULL;
END $$;
CREATE TRIGGER leg_days_zone AFTER UPDATE OF time_zone ON core_organisation FOR EACH ROW
    WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION relay_other_days();
"""
NO_OTHERS = """
DROP TRIGGER leg_days_zone ON core_organisation; DROP TRIGGER leg_days_team ON core_user; DROP TRIGGER leg_days_update ON crm_lead;
DROP FUNCTION relay_other_days(); DROP FUNCTION relay_touch_people(); DROP FUNCTION relay_touch_leads();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("relay", "0005_leg_days"),
        ("core", "0001_initial"),
        ("crm", "0010_files_apart"),
        ("engage", "0010_meetings_by_day"),
        ("inside_sales", "0006_order_of_lists"),
    ]

    operations = [
        *(migrations.RunSQL(FUNCTION.format(**touch), NO_FUNCTION.format(**touch)) for touch in TOUCHES),
        migrations.RunSQL(OTHERS, NO_OTHERS),
    ]
