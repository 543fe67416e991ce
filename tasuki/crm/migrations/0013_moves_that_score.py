"""Of the moves on a timeline only those with an origin have points: what an import or a step from stage to stage writes makes no score due."""

from django.db import migrations

_OPEN = "lead.stage_id IN ('captured', 'nurturing', 'ready', 'working', 'connected', 'booked')"
_NOTED = """
CREATE OR REPLACE FUNCTION crm_scores_due_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crm_scoredue (lead_id)
    SELECT lead.id FROM crm_lead lead
    WHERE {open} AND lead.id IN (SELECT lead_id FROM written WHERE lead_id IS NOT NULL AND ({kinds}))
    UNION
    SELECT lead.id FROM crm_lead lead
    WHERE {open} AND lead.contact_id IN (SELECT contact_id FROM written WHERE lead_id IS NULL AND contact_id IS NOT NULL AND ({kinds}));
    RETURN NULL;
END $$;
"""
_BEFORE = "kind IN ('move', 'visit', 'mail', 'call', 'meeting')"
_NOW = "kind IN ('visit', 'mail', 'call', 'meeting') OR kind = 'move' AND detail ? 'origin'"


class Migration(migrations.Migration):
    dependencies = [("crm", "0012_sequences_on_timelines")]

    operations = [
        migrations.RunSQL(_NOTED.format(open=_OPEN, kinds=_NOW), _NOTED.format(open=_OPEN, kinds=_BEFORE)),
    ]
