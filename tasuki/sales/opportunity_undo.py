"""Taking an import of opportunities back: the ledger stands as if it had not been."""

from __future__ import annotations

from tasuki.core.imports.copying import execute
from tasuki.core.imports.runs import ImportRun
from tasuki.crm import import_fields, lead_imports, ledger

_CREATED = "SELECT target_id FROM core_importrow WHERE run_id = %s AND state = 'created'"
_OLD_LEADS = "SELECT (trace->>'lead')::bigint FROM core_importrow WHERE run_id = %s AND state = 'created' AND NOT (trace->>'is_new')::boolean"
_NEW_LEADS = "SELECT (trace->>'lead')::bigint FROM core_importrow WHERE run_id = %s AND state = 'created' AND (trace->>'is_new')::boolean"


def take_back(run: ImportRun) -> None:
    """Remove the run's opportunities, passages and leads; reopen what it closed; restore owners, segments and updated fields."""
    mark = f"import {run.pk}"
    execute(
        """UPDATE sales_opportunity opportunity SET name = row.trace->'was'->>'name', amount = (row.trace->'was'->>'amount')::numeric,
               currency = row.trace->'was'->>'currency', close_on = (row.trace->'was'->>'close_on')::date
           FROM core_importrow row WHERE row.run_id = %s AND row.state = 'updated' AND opportunity.id = row.target_id""",
        [run.pk],
    )
    execute(f"DELETE FROM sales_opportunity WHERE id IN ({_CREATED})", [run.pk])
    with ledger.correcting(mark):
        execute("DELETE FROM crm_passage WHERE entry_import_id = %s AND (left_at IS NULL OR exit_import_id = %s)", [run.pk, run.pk])
        execute(
            "UPDATE crm_passage SET left_at = NULL, outcome = '', exit_import_id = NULL WHERE exit_import_id = %s AND entry_import_id IS DISTINCT FROM %s",
            [run.pk, run.pk],
        )
    execute(f"DELETE FROM crm_timelineentry WHERE lead_id IN ({_OLD_LEADS}) AND detail->>'import' = %s", [run.pk, str(run.pk)])
    handed = f"DELETE FROM crm_ownership WHERE lead_id IN ({_OLD_LEADS}) AND reason = %s"
    execute(handed, [run.pk, mark])
    execute(
        f"""UPDATE crm_ownership ownership SET until_at = NULL FROM (
                SELECT DISTINCT ON (lead_id) id FROM crm_ownership WHERE lead_id IN ({_OLD_LEADS}) ORDER BY lead_id, from_at DESC, id DESC
            ) last WHERE ownership.id = last.id""",
        [run.pk],
    )
    execute(
        """UPDATE crm_lead lead SET stage_id = passage.stage_id, stage_since = passage.entered_at, won_at = NULL, ended_at = NULL, ended_as = '',
               owner_id = (row.trace->'was'->>'owner')::bigint, segment = row.trace->'was'->>'segment'
           FROM core_importrow row, crm_passage passage
           WHERE row.run_id = %s AND row.state = 'created' AND NOT (row.trace->>'is_new')::boolean
             AND lead.id = (row.trace->>'lead')::bigint AND passage.lead_id = lead.id AND passage.left_at IS NULL""",
        [run.pk],
    )
    lead_imports.remove_leads(run, _NEW_LEADS)
    import_fields.remove_made(run.pk)
