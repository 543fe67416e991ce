"""How many leads came to each step of the plan is counted by day: what changes it says so."""

from django.db import migrations, models

# A step is come to once, so what changes one moment of a lead may change on which day it came to any other, and where it stands now: all days of those
# leads are touched, as they are after the change. What is no more is named by whatever changed. Rows that stay the same in these columns change nothing.
FUNCTION = """
CREATE FUNCTION relay_touch_steps_of_{name}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    written text := $w$SELECT {columns} FROM written WHERE {where}$w$;
    gone text := $g$SELECT {columns} FROM gone WHERE {where}$g$;
    changed text := CASE TG_OP WHEN 'INSERT' THEN written WHEN 'DELETE' THEN gone
        ELSE format('(%1$s EXCEPT %2$s) UNION ALL (%2$s EXCEPT %1$s)', written, gone) END;
BEGIN
    EXECUTE format($sql$
        WITH changed AS MATERIALIZED (%1$s),
             zone AS (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name)
        INSERT INTO relay_legtouched (noun, touched_on)
        SELECT DISTINCT 'step', (said.moment AT TIME ZONE zone.name)::date
        FROM zone CROSS JOIN (
            SELECT of_its_own.moment FROM changed CROSS JOIN LATERAL (VALUES {moments}) AS of_its_own(moment) WHERE {is_step}
            UNION ALL
            SELECT beside.moment FROM (SELECT DISTINCT {lead} FROM changed WHERE {is_told}) AS moved(id) CROSS JOIN LATERAL (
                SELECT dates.moment FROM crm_lead CROSS JOIN LATERAL (VALUES (opened_at), (won_at)) AS dates(moment) WHERE crm_lead.id = moved.id
                UNION ALL SELECT entered_at FROM crm_passage WHERE lead_id = moved.id AND {in_sales}
                UNION ALL SELECT starts_at FROM engage_meeting WHERE lead_id = moved.id AND state = 'held' OFFSET 0) AS beside(moment)
        ) AS said(moment) WHERE said.moment IS NOT NULL
    $sql$, changed, TG_OP);
    RETURN NULL;
END $$;
CREATE TRIGGER step_days_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION relay_touch_steps_of_{name}();
CREATE TRIGGER step_days_update AFTER UPDATE ON {table} REFERENCING NEW TABLE AS written OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION relay_touch_steps_of_{name}();
CREATE TRIGGER step_days_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION relay_touch_steps_of_{name}();
"""
NO_FUNCTION = """
DROP TRIGGER step_days_insert ON {table}; DROP TRIGGER step_days_update ON {table}; DROP TRIGGER step_days_delete ON {table};
DROP FUNCTION relay_touch_steps_of_{name}();
"""
IN_SALES = "stage_id IN ('booked', 'p1', 'p2', 'p3', 'p4')"
OF = [
    {
        # Who carried a lead last in inside sales is told by its last passage there: one that comes after a step changes whose that was. The first of all
        # comes after none.
        "name": "passages", "table": "crm_passage", "columns": "lead_id, seq, stage_id, entered_at, owner_id, team_id", "lead": "lead_id",
        "where": f"{IN_SALES} OR stage_id IN ('ready', 'working', 'connected')", "moments": "(entered_at)", "is_step": IN_SALES,
        "is_told": f"""{IN_SALES} OR (seq > 1 OR %2$L <> 'INSERT') AND (
                EXISTS (SELECT FROM crm_passage other WHERE other.lead_id = changed.lead_id AND other.{IN_SALES})
                OR EXISTS (SELECT FROM engage_meeting other WHERE other.lead_id = changed.lead_id AND other.state = 'held'))""",
    },
    {
        "name": "meetings", "table": "engage_meeting", "columns": "id, lead_id, starts_at", "lead": "lead_id",
        "where": "state = 'held'", "moments": "(starts_at)", "is_step": "true", "is_told": "true",
    },
    {
        # To a lead that is new nothing has happened yet: what happens to it says so itself.
        "name": "leads", "table": "crm_lead", "columns": "id, opened_at, won_at, ended_at, ended_as = 'merged' AS is_merged, origin, source", "lead": "id",
        "where": "true", "moments": "(opened_at), (won_at)", "is_step": "true", "is_told": "%2$L = 'UPDATE'",
    },
]  # fmt: skip
NOUNS = [
    ("call", "Call"),
    ("meeting", "Meeting"),
    ("handoff", "Handoff"),
    ("promise", "Promise"),
    ("given_up", "Given Up"),
    ("list", "List"),
    ("edge", "Edge"),
    ("stay", "Stay"),
    ("step", "Step"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0013_erasure"),
        ("crm", "0027_countries_of_teams"),
        ("engage", "0020_rebook_rules"),
        ("relay", "0019_handoffs_by_whom"),
    ]

    operations = [
        migrations.AlterField(model_name="legcounted", name="noun", field=models.CharField(choices=NOUNS, max_length=8, primary_key=True, serialize=False)),
        migrations.AlterField(model_name="legtouched", name="noun", field=models.CharField(choices=NOUNS, max_length=8)),
        *(migrations.RunSQL(FUNCTION.format(in_sales=IN_SALES, **of), NO_FUNCTION.format(name=of["name"], table=of["table"])) for of in OF),
    ]
