"""Praise stands on the timeline of its lead: what was given before, too."""

import django.db.models.deletion
from django.db import migrations, models

# The lead is named, or its call is, or the call on which the skill of the card was tried last.
TELL = """
WITH of AS (
    SELECT praise.id, praise.giver_id, praise.given_at,
           coalesce(praise.lead_id, (SELECT call.lead_id FROM engage_call call WHERE call.id = praise.call_id),
                    (SELECT call.lead_id FROM inside_sales_cardstep step JOIN engage_call call ON call.id = step.call_id
                      WHERE step.card_id = praise.card_id ORDER BY step.step DESC LIMIT 1)) AS lead_id
      FROM inside_sales_praise praise),
told AS (
    INSERT INTO crm_timelineentry (at, kind, lead_id, contact_id, account_id, actor_id, text, detail)
    SELECT of.given_at, 'praise', lead.id, lead.contact_id, lead.account_id, of.giver_id, '', jsonb_build_object('praise', of.id)
      FROM of JOIN crm_lead lead ON lead.id = of.lead_id
    RETURNING id, (detail->>'praise')::bigint AS praise_id)
UPDATE inside_sales_praise praise SET entry_id = told.id FROM told WHERE told.praise_id = praise.id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0029_praise_on_timelines"),
        ("engage", "0020_rebook_rules"),
        ("inside_sales", "0013_yield_is_an_opportunity"),
    ]

    operations = [
        migrations.AddField(
            model_name="praise",
            name="entry",
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="crm.timelineentry"),
        ),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
    ]
