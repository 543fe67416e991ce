"""The daybook sums the leads of each team by themselves, by source, segment and owner too, for whoever sees those of some teams only."""

import django.db.models.deletion
from django.db import migrations, models

FOLD = """
CREATE OR REPLACE FUNCTION crm_fold_the_daybook() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    days date[];
    teams bigint[];
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
            amount_left = nullif(coalesce(total.amount_left, 0) + coalesce(excluded.amount_left, 0), 0)),
    of_teams AS (
        INSERT INTO crm_daybookofteam AS total (team_id, kind, key, counted_on, stage_id, outcome, n_entered, n_left, amount_entered, amount_left)
        SELECT team_id, kind, key, counted_on, stage_id, outcome, sum(n_entered), sum(n_left), nullif(sum(amount_entered), 0), nullif(sum(amount_left), 0)
        FROM taken CROSS JOIN LATERAL (VALUES ('', ''), ('source', source), ('segment', segment), ('owner', coalesce(owner_id::text, ''))) AS said(kind, key)
        GROUP BY team_id, kind, key, counted_on, stage_id, outcome
        HAVING sum(n_entered) <> 0 OR sum(n_left) <> 0 OR sum(amount_entered) <> 0 OR sum(amount_left) <> 0
        ORDER BY team_id, kind, counted_on, stage_id, outcome, key
        ON CONFLICT (team_id, kind, counted_on, stage_id, outcome, key) DO UPDATE
        SET n_entered = total.n_entered + excluded.n_entered, n_left = total.n_left + excluded.n_left,
            amount_entered = nullif(coalesce(total.amount_entered, 0) + coalesce(excluded.amount_entered, 0), 0),
            amount_left = nullif(coalesce(total.amount_left, 0) + coalesce(excluded.amount_left, 0), 0))
    SELECT count(*), array_agg(DISTINCT counted_on), array_agg(DISTINCT team_id) INTO n, days, teams FROM taken;
    DELETE FROM crm_daybooktotal
    WHERE kind = ANY(kinds) AND counted_on = ANY(days) AND n_entered = 0 AND n_left = 0 AND amount_entered IS NULL AND amount_left IS NULL;
    DELETE FROM crm_daybookofteam
    WHERE team_id = ANY(teams) AND kind = ANY(kinds) AND counted_on = ANY(days)
          AND n_entered = 0 AND n_left = 0 AND amount_entered IS NULL AND amount_left IS NULL;
    RETURN n;
END $$;
"""

# Of all that is written, so that nothing has been noted that is not in it.
OF_TEAMS = """
INSERT INTO crm_daybookofteam (team_id, kind, key, counted_on, stage_id, outcome, n_entered, n_left, amount_entered, amount_left)
SELECT team_id, said.kind, said.key, day, stage_id, outcome, sum(came), sum(went), sum(came_worth), sum(went_worth)
FROM (
    SELECT team_id, source, segment, owner_id, moves.day, stage_id, outcome, sum(moves.came) AS came, sum(moves.went) AS went,
           sum(worth) FILTER (WHERE moves.came = 1) AS came_worth, sum(worth) FILTER (WHERE moves.went = 1) AS went_worth
    FROM (SELECT coalesce((SELECT time_zone FROM core_organisation WHERE id = 1), 'UTC') AS name) zone,
         (SELECT stay.stage_id, stay.outcome, stay.entered_at, stay.left_at, CASE WHEN stay.outcome = 'won' THEN stay.amount END AS worth,
                 lead.team_id, lead.source, lead.segment, lead.owner_id
          FROM crm_passage stay JOIN crm_lead lead ON lead.id = stay.lead_id) stays
    CROSS JOIN LATERAL (VALUES ((entered_at AT TIME ZONE zone.name)::date, 1, 0), ((left_at AT TIME ZONE zone.name)::date, 0, 1)) AS moves(day, came, went)
    WHERE moves.day IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7) days
CROSS JOIN LATERAL (VALUES ('', ''), ('source', source), ('segment', segment), ('owner', coalesce(owner_id::text, ''))) AS said(kind, key)
GROUP BY 1, 2, 3, 4, 5, 6
"""
BUILD = f"""
LOCK TABLE crm_passage, crm_lead IN SHARE MODE;
SELECT crm_fold_the_daybook();
{OF_TEAMS};
"""

# A new time zone: everything is written anew, as notes.
FORGET_TEAMS = """
CREATE OR REPLACE FUNCTION crm_other_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE crm_passage, crm_lead IN SHARE MODE;
    PERFORM pg_advisory_xact_lock(hashtext('crm_fold_the_daybook'));
    DELETE FROM crm_daybookofteam;
    PERFORM crm_write_the_daybook();
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("crm", "0024_erasure"),
    ]

    operations = [
        migrations.CreateModel(
            name="DaybookOfTeam",
            fields=[
                ("counted_on", models.DateField()),
                ("outcome", models.CharField(blank=True, max_length=12)),
                ("n_entered", models.IntegerField()),
                ("n_left", models.IntegerField()),
                ("amount_entered", models.DecimalField(decimal_places=2, max_digits=22, null=True)),
                ("amount_left", models.DecimalField(decimal_places=2, max_digits=22, null=True)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "team_id", "kind", "counted_on", "stage_id", "outcome", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("", "all leads"), ("source", "source"), ("segment", "segment"), ("owner", "owner"), ("team", "team")],
                        max_length=8,
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=80)),
                (
                    "stage",
                    models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="crm.stage"),
                ),
                (
                    "team",
                    models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="core.team"),
                ),
            ],
            options={
                "verbose_name": "total of a team in the daybook",
                "verbose_name_plural": "totals of teams in the daybook",
            },
        ),
        migrations.RunSQL(BUILD, migrations.RunSQL.noop),
        migrations.RunSQL(FOLD),
        migrations.RunSQL(FORGET_TEAMS),
    ]
