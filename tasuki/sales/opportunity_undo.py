"""Taking an import of opportunities back: the ledger stands as if it had not been."""

from __future__ import annotations

from tasuki.core.imports import taking_back
from tasuki.core.imports.copying import execute
from tasuki.core.imports.runs import ImportRun
from tasuki.crm import import_fields, lead_imports, ledger, notifications
from tasuki.sales.opportunities import Opportunity

# What an update may change without moving the lead.
CHANGEABLE = ("name", "amount", "currency", "close_on", "custom")

_OLD_LEADS = "SELECT (trace->>'lead')::bigint FROM core_importrow WHERE run_id = %s AND state = 'created' AND NOT (trace->>'is_new')::boolean"
_NEW_LEADS = "SELECT (trace->>'lead')::bigint FROM core_importrow WHERE run_id = %s AND state = 'created' AND (trace->>'is_new')::boolean"


def take_back(run: ImportRun) -> None:
    """Remove the run's opportunities, passages and leads; reopen what it closed; restore owners, segments and updated fields."""
    for leads in (_OLD_LEADS, _NEW_LEADS):
        taking_back.refuse_if_worked_on(run, noun="lead", ids=leads)
    notifications.take_import_back(run)
    taking_back.restore(run, model=Opportunity, columns=(*CHANGEABLE, "updated_at"))
    execute(f"DELETE FROM sales_opportunity WHERE id IN ({taking_back.CREATED})", [run.pk])
    _reopen(run)
    _hand_back(run)
    columns = ("owner_id", "segment", "stage_id", "stage_since", "won_at", "ended_at", "ended_as", "updated_at")
    execute(
        f"""UPDATE crm_lead SET {", ".join(f"{column} = was.{column}" for column in columns)}
            FROM core_importrow row, jsonb_populate_record(NULL::crm_lead, row.trace->'was') was
            WHERE row.run_id = %s AND row.state = 'created' AND NOT (row.trace->>'is_new')::boolean AND crm_lead.id = (row.trace->>'lead')::bigint""",
        [run.pk],
    )
    lead_imports.remove_leads(run, _NEW_LEADS)
    import_fields.remove_made(run)


def _reopen(run: ImportRun) -> None:
    """Take the passages of leads that were there before out of the ledger, and open those again that the run closed."""
    with ledger.correcting(import_fields.mark(run)):
        execute(
            f"DELETE FROM crm_passage WHERE lead_id IN ({_OLD_LEADS}) AND entry_import_id = %s AND (left_at IS NULL OR exit_import_id = %s)",
            [run.pk, run.pk, run.pk],
        )
        execute(
            """UPDATE crm_passage passage SET left_at = NULL, outcome = '', exit_import_id = NULL, owner_id = was.owner_id, team_id = was.team_id
               FROM core_importrow row, jsonb_populate_record(NULL::crm_passage, row.trace->'carried') was
               WHERE row.run_id = %s AND row.state = 'created' AND passage.lead_id = (row.trace->>'lead')::bigint
                     AND passage.exit_import_id = row.run_id AND passage.entry_import_id IS DISTINCT FROM row.run_id""",
            [run.pk],
        )
    execute(f"DELETE FROM crm_timelineentry WHERE lead_id IN ({_OLD_LEADS}) AND detail->>'import' = %s", [run.pk, str(run.pk)])


def _hand_back(run: ImportRun) -> None:
    """The ownership before the run's is the present one again, where the run gave the lead to somebody."""
    mark = import_fields.mark(run)
    execute(
        f"""CREATE TEMP TABLE handed ON COMMIT DROP AS
            SELECT lead_id, id, (SELECT before.id FROM crm_ownership before WHERE before.lead_id = own.lead_id AND before.reason <> %s
                                 ORDER BY before.from_at DESC, before.id DESC LIMIT 1) AS before_id
            FROM crm_ownership own WHERE own.lead_id IN ({_OLD_LEADS}) AND own.reason = %s""",
        [mark, run.pk, mark],
    )
    execute("DELETE FROM crm_ownership WHERE id IN (SELECT id FROM handed)")
    execute("UPDATE crm_ownership SET until_at = NULL WHERE id IN (SELECT before_id FROM handed)")
    execute("DROP TABLE handed")
