"""How long leads stood in a stage before they moved on is counted by the day on which they did: what changes it says so."""

from django.db import migrations, models

# As they were made before, but for what they say of stays: {stays}.
PASSAGES = """
CREATE OR REPLACE FUNCTION relay_touch_passages() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    written text := 'SELECT lead_id, stage_id, outcome, entered_at, left_at FROM written';
    gone text := 'SELECT lead_id, stage_id, outcome, entered_at, left_at FROM gone';
    changed text := CASE TG_OP WHEN 'INSERT' THEN written WHEN 'DELETE' THEN gone ELSE written || ' UNION ' || gone END;
BEGIN
    EXECUTE format($sql$
        WITH changed AS MATERIALIZED (%1$s),
             zone AS (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name)
        INSERT INTO relay_legtouched (noun, touched_on)
        SELECT DISTINCT said.noun, (said.moment AT TIME ZONE zone.name)::date FROM zone CROSS JOIN LATERAL (
            SELECT 'given_up', left_at FROM changed WHERE stage_id IN ('ready', 'working') AND outcome IN ('recycled', 'lost', 'disqualified')
            UNION ALL SELECT 'edge', moment FROM changed CROSS JOIN LATERAL (VALUES (entered_at), (left_at)) AS said(moment)
                WHERE stage_id IN ('ready', 'working', 'connected', 'booked')
{stays}            UNION ALL SELECT 'promise', clock.settled_at FROM changed
                CROSS JOIN LATERAL (SELECT settled_at FROM relay_clock WHERE lead_id = changed.lead_id OFFSET 0) clock
                WHERE changed.stage_id NOT IN ('captured', 'nurturing', 'ready', 'working')) AS said(noun, moment)
        WHERE said.moment IS NOT NULL
    $sql$, changed);
    RETURN NULL;
END $$;
"""
LEADS = """
CREATE OR REPLACE FUNCTION relay_touch_leads() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO relay_legtouched (noun, touched_on)
    SELECT DISTINCT said.noun, (said.moment AT TIME ZONE zone.name)::date
    FROM (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name) zone
    CROSS JOIN (SELECT id, written.source IS DISTINCT FROM gone.source AS is_source FROM written JOIN gone USING (id)
                WHERE (written.owner_id, written.team_id, written.source) IS DISTINCT FROM (gone.owner_id, gone.team_id, gone.source)) moved
    CROSS JOIN LATERAL (
        SELECT 'edge', beside.moment FROM crm_passage stay CROSS JOIN LATERAL (VALUES (entered_at), (left_at)) AS beside(moment)
        WHERE stay.lead_id = moved.id AND stay.stage_id IN ('ready', 'working', 'connected', 'booked')
        UNION ALL SELECT 'call', started_at FROM engage_call WHERE lead_id = moved.id
        UNION ALL SELECT 'meeting', starts_at FROM engage_meeting WHERE lead_id = moved.id
        UNION ALL SELECT 'handoff', answered_at FROM relay_handoff WHERE lead_id = moved.id AND moved.is_source
        UNION ALL SELECT 'promise', settled_at FROM relay_clock WHERE lead_id = moved.id
        UNION ALL SELECT 'given_up', left_at FROM crm_passage WHERE lead_id = moved.id
            AND stage_id IN ('ready', 'working') AND outcome IN ('recycled', 'lost', 'disqualified')
{stays}        OFFSET 0) AS said(noun, moment) WHERE said.moment IS NOT NULL;
    RETURN NULL;
END $$;
"""
OF_PASSAGES = """            UNION ALL SELECT 'stay', left_at FROM changed WHERE outcome IN ('advanced', 'won')
"""
OF_LEADS = """        UNION ALL SELECT 'stay', left_at FROM crm_passage WHERE lead_id = moved.id AND outcome IN ('advanced', 'won')
"""
NOUNS = [
    ("call", "Call"),
    ("meeting", "Meeting"),
    ("handoff", "Handoff"),
    ("promise", "Promise"),
    ("given_up", "Given Up"),
    ("list", "List"),
    ("edge", "Edge"),
    ("stay", "Stay"),
]


class Migration(migrations.Migration):
    dependencies = [("relay", "0017_plans")]

    operations = [
        migrations.AlterField(model_name="legcounted", name="noun", field=models.CharField(choices=NOUNS, max_length=8, primary_key=True, serialize=False)),
        migrations.AlterField(model_name="legtouched", name="noun", field=models.CharField(choices=NOUNS, max_length=8)),
        migrations.RunSQL(PASSAGES.format(stays=OF_PASSAGES), PASSAGES.format(stays="")),
        migrations.RunSQL(LEADS.format(stays=OF_LEADS), LEADS.format(stays="")),
    ]
