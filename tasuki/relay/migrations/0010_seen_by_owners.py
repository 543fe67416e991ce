"""Days are counted by who has the lead now, too. A lead that somebody else has is seen by others, with its calls, meetings and first answers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Which days are touched by a lead that changed hands: {all} those of its calls and what else is seen with it, {source} those of its hand-offs.
LEADS = """
CREATE OR REPLACE FUNCTION relay_touch_leads() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO relay_legtouched (noun, touched_on)
    SELECT DISTINCT said.noun, (said.moment AT TIME ZONE zone.name)::date
    FROM (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name) zone
    CROSS JOIN (SELECT id, (written.team_id, written.source) IS DISTINCT FROM (gone.team_id, gone.source) AS is_all,
                       written.source IS DISTINCT FROM gone.source AS is_source FROM written JOIN gone USING (id)
                WHERE (written.owner_id, written.team_id, written.source) IS DISTINCT FROM (gone.owner_id, gone.team_id, gone.source)) moved
    CROSS JOIN LATERAL (
        SELECT 'edge', beside.moment FROM crm_passage stay CROSS JOIN LATERAL (VALUES (entered_at), (left_at)) AS beside(moment)
        WHERE stay.lead_id = moved.id AND stay.stage_id IN ('ready', 'working', 'connected', 'booked')
        UNION ALL SELECT 'call', started_at FROM engage_call WHERE lead_id = moved.id AND {all}
        UNION ALL SELECT 'meeting', starts_at FROM engage_meeting WHERE lead_id = moved.id AND {all}
        UNION ALL SELECT 'handoff', answered_at FROM relay_handoff WHERE lead_id = moved.id AND {source}
        UNION ALL SELECT 'promise', settled_at FROM relay_clock WHERE lead_id = moved.id AND {all}
        UNION ALL SELECT 'given_up', left_at FROM crm_passage WHERE lead_id = moved.id AND {all}
            AND stage_id IN ('ready', 'working') AND outcome IN ('recycled', 'lost', 'disqualified')
        OFFSET 0) AS said(noun, moment) WHERE said.moment IS NOT NULL;
    RETURN NULL;
END $$;
"""
# What was counted by other rules is counted anew; until then pages are counted from the rows.
FORGET = "DELETE FROM relay_legcounted; TRUNCATE relay_legcount;"


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_coach"),
        ("relay", "0009_touched_by_teams"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(FORGET, FORGET),
        migrations.RemoveIndex(model_name="legcount", name="leg_count_of_span"),
        migrations.AddField(
            model_name="legcount",
            name="owner",
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name="legcount",
            name="told",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (31, "All"),
                    (30, "Source"),
                    (29, "Team"),
                    (28, "Team Source"),
                    (25, "Person"),
                    (24, "Person Source"),
                    (23, "Seen"),
                    (22, "Seen Source"),
                    (21, "Seen Team"),
                    (17, "Seen Person"),
                    (7, "Owner"),
                    (6, "Owner Source"),
                    (5, "Owner Team"),
                    (1, "Owner Person"),
                ]
            ),
        ),
        migrations.AddIndex(
            model_name="legcount",
            index=models.Index(fields=["part", "told", "n_days", "starts_on", "owner", "person"], name="leg_count_of_whom"),
        ),
        migrations.RunSQL(LEADS.format(all="true", source="moved.is_source"), LEADS.format(all="moved.is_all", source="moved.is_all")),
    ]
