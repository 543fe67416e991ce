"""`tasuki check`: whether the ledger and everything beside it tell one story. It changes nothing."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import click
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.cli.readiness import get_ready

_N_EXAMPLES = 5


@dataclass(frozen=True)
class Question:
    """Something that must hold. `sql` finds the rows for which it does not, each with one column that names the row."""

    key: str
    holds: Promise
    sql: str


@dataclass(frozen=True)
class Answer:
    question: Question
    n_wrong: int
    examples: list[str]


_BALANCES = """
WITH zone AS (SELECT time_zone AS name FROM core_organisation WHERE id = 1),
spans AS (SELECT stage_id, date_trunc('month', entered_at AT TIME ZONE zone.name) AS came, date_trunc('month', left_at AT TIME ZONE zone.name) AS went,
          entered_at, left_at FROM crm_passage, zone),
months AS (SELECT generate_series(min(came), max(greatest(came, went)), interval '1 month') AS month FROM spans),
flows AS (SELECT stage_id, month, sum(n_in) AS n_in, sum(n_out) AS n_out FROM (
          SELECT stage_id, came AS month, count(*) AS n_in, 0 AS n_out FROM spans GROUP BY 1, 2
          UNION ALL SELECT stage_id, went, 0, count(*) FROM spans WHERE went IS NOT NULL GROUP BY 1, 2) AS moved GROUP BY 1, 2),
booked AS (SELECT stage.key AS stage_id, months.month,
                  sum(coalesce(n_in, 0) - coalesce(n_out, 0)) OVER (PARTITION BY stage.key ORDER BY months.month) AS balance
           FROM crm_stage stage CROSS JOIN months LEFT JOIN flows ON flows.stage_id = stage.key AND flows.month = months.month),
counted AS (SELECT spans.stage_id, months.month, count(*) AS balance FROM months CROSS JOIN zone
            JOIN spans ON spans.entered_at < (months.month + interval '1 month') AT TIME ZONE zone.name
            AND (spans.left_at IS NULL OR spans.left_at >= (months.month + interval '1 month') AT TIME ZONE zone.name) GROUP BY 1, 2)
SELECT booked.stage_id || ' ' || to_char(booked.month, 'YYYY-MM') FROM booked LEFT JOIN counted USING (stage_id, month)
WHERE booked.balance <> coalesce(counted.balance, 0)
"""

_NEIGHBOURS = """
SELECT lead_id FROM (
    SELECT lead_id, seq, entered_at, left_at, outcome, lead(seq) OVER story AS next_seq, lead(entered_at) OVER story AS next_entered,
           first_value(seq) OVER story AS first_seq FROM crm_passage WINDOW story AS (PARTITION BY lead_id ORDER BY seq)) AS passage
WHERE first_seq <> 1
   OR (next_seq IS NULL AND outcome IN ('advanced', 'won'))
   OR (next_seq IS NOT NULL AND (next_seq <> seq + 1 OR left_at IS NULL OR next_entered <> left_at OR outcome NOT IN ('advanced', 'won')))
"""

_OWNERS = """
SELECT {noun}.id FROM crm_{noun} {noun} LEFT JOIN crm_ownership now_with ON now_with.{noun}_id = {noun}.id AND now_with.until_at IS NULL
WHERE now_with.id IS NULL OR now_with.owner_id IS DISTINCT FROM {noun}.owner_id OR now_with.team_id <> {noun}.team_id
"""

_OWNERSHIP_GAPS = """
SELECT coalesce(lead_id, account_id) FROM (
    SELECT lead_id, account_id, until_at, lead(from_at) OVER (PARTITION BY lead_id, account_id ORDER BY from_at, until_at NULLS LAST, id) AS next_from
    FROM crm_ownership) AS ownership
WHERE next_from IS NOT NULL AND until_at IS DISTINCT FROM next_from
"""

_DAYBOOK = """
WITH zone AS (SELECT time_zone AS name FROM core_organisation WHERE id = 1),
ledger AS (
    SELECT kind, key, day, stay.stage_id, stay.outcome, sum(n_entered) AS n_entered, sum(n_left) AS n_left,
           sum(CASE WHEN stay.outcome = 'won' THEN n_entered * amount END) AS came, sum(CASE WHEN stay.outcome = 'won' THEN n_left * amount END) AS went
    FROM zone, crm_passage stay JOIN crm_lead lead ON lead.id = stay.lead_id
    CROSS JOIN LATERAL (VALUES ((entered_at AT TIME ZONE zone.name)::date, 1, 0), ((left_at AT TIME ZONE zone.name)::date, 0, 1))
        AS moves(day, n_entered, n_left)
    CROSS JOIN LATERAL (VALUES {of_lead}) AS said(kind, key)
    WHERE day IS NOT NULL GROUP BY 1, 2, 3, 4, 5),
noted AS (
    SELECT kind, key, counted_on AS day, stage_id, outcome, n_entered, n_left, amount_entered, amount_left FROM crm_daybooktotal
    UNION ALL SELECT said.kind, said.key, counted_on, stage_id, outcome, n_entered, n_left, amount_entered, amount_left
    FROM crm_daybooknote lead CROSS JOIN LATERAL (VALUES {of_lead}) AS said(kind, key)),
book AS (SELECT kind, key, day, stage_id, outcome, sum(n_entered) AS n_entered, sum(n_left) AS n_left, sum(amount_entered) AS came, sum(amount_left) AS went
         FROM noted GROUP BY 1, 2, 3, 4, 5)
SELECT concat_ws(' ', day, stage_id, outcome, kind, key) FROM ledger FULL JOIN book USING (kind, key, day, stage_id, outcome)
WHERE coalesce(ledger.n_entered, 0) <> coalesce(book.n_entered, 0) OR coalesce(ledger.n_left, 0) <> coalesce(book.n_left, 0)
   OR coalesce(ledger.came, 0) <> coalesce(book.came, 0) OR coalesce(ledger.went, 0) <> coalesce(book.went, 0)
""".format(of_lead="('', ''), ('source', source), ('segment', segment), ('owner', coalesce(lead.owner_id::text, '')), ('team', lead.team_id::text)")

_DAYBOOK_OF_TEAMS = """
WITH zone AS (SELECT time_zone AS name FROM core_organisation WHERE id = 1),
ledger AS (
    SELECT lead.team_id, kind, key, day, stay.stage_id, stay.outcome, sum(n_entered) AS n_entered, sum(n_left) AS n_left,
           sum(CASE WHEN stay.outcome = 'won' THEN n_entered * amount END) AS came, sum(CASE WHEN stay.outcome = 'won' THEN n_left * amount END) AS went
    FROM zone, crm_passage stay JOIN crm_lead lead ON lead.id = stay.lead_id
    CROSS JOIN LATERAL (VALUES ((entered_at AT TIME ZONE zone.name)::date, 1, 0), ((left_at AT TIME ZONE zone.name)::date, 0, 1))
        AS moves(day, n_entered, n_left)
    CROSS JOIN LATERAL (VALUES {of_lead}) AS said(kind, key)
    WHERE day IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6),
noted AS (
    SELECT team_id, kind, key, counted_on AS day, stage_id, outcome, n_entered, n_left, amount_entered, amount_left FROM crm_daybookofteam
    UNION ALL SELECT lead.team_id, said.kind, said.key, counted_on, stage_id, outcome, n_entered, n_left, amount_entered, amount_left
    FROM crm_daybooknote lead CROSS JOIN LATERAL (VALUES {of_lead}) AS said(kind, key)),
book AS (SELECT team_id, kind, key, day, stage_id, outcome,
                sum(n_entered) AS n_entered, sum(n_left) AS n_left, sum(amount_entered) AS came, sum(amount_left) AS went
         FROM noted GROUP BY 1, 2, 3, 4, 5, 6)
SELECT concat_ws(' ', day, stage_id, outcome, kind, key, team_id) FROM ledger FULL JOIN book USING (team_id, kind, key, day, stage_id, outcome)
WHERE coalesce(ledger.n_entered, 0) <> coalesce(book.n_entered, 0) OR coalesce(ledger.n_left, 0) <> coalesce(book.n_left, 0)
   OR coalesce(ledger.came, 0) <> coalesce(book.came, 0) OR coalesce(ledger.went, 0) <> coalesce(book.went, 0)
""".format(of_lead="('', ''), ('source', source), ('segment', segment), ('owner', coalesce(lead.owner_id::text, ''))")

_RATES = """
SELECT opportunity.id FROM sales_opportunity opportunity CROSS JOIN core_organisation organisation
WHERE opportunity.amount IS NOT NULL AND opportunity.currency <> organisation.currency
  AND NOT EXISTS (SELECT 1 FROM core_exchangerate rate WHERE rate.currency = opportunity.currency AND rate.from_on <= opportunity.opened_at::date)
"""

QUESTIONS = (
    Question("balances", gettext_lazy("In every stage and month, the balance before, plus what came, minus what went, is the balance after."), _BALANCES),
    Question("daybook", gettext_lazy("The sums by day, which pages count from, are those of the ledger."), _DAYBOOK),
    Question(
        "daybook_of_teams",
        gettext_lazy("The sums by day of each team, which pages count from for whoever sees some teams only, are those of the ledger."),
        _DAYBOOK_OF_TEAMS,
    ),
    Question(
        "one_open_passage",
        gettext_lazy("No lead stands in two stages at once."),
        "SELECT lead_id FROM crm_passage WHERE left_at IS NULL GROUP BY lead_id HAVING count(*) > 1",
    ),
    Question("unbroken", gettext_lazy("The passages of a lead follow each other without a gap, and only the last one ends the pass."), _NEIGHBOURS),
    Question(
        "stage",
        gettext_lazy("The stage shown with a lead is the one its open passage names."),
        "SELECT lead.id FROM crm_lead lead LEFT JOIN crm_passage passage ON passage.lead_id = lead.id AND passage.left_at IS NULL"
        " WHERE lead.stage_id IS DISTINCT FROM passage.stage_id OR lead.stage_since <> coalesce(passage.entered_at, lead.ended_at)",
    ),
    Question(
        "ending",
        gettext_lazy("A lead that ended did so when, and as, its last passage says."),
        "SELECT lead.id FROM crm_lead lead JOIN LATERAL (SELECT * FROM crm_passage WHERE lead_id = lead.id ORDER BY seq DESC LIMIT 1) AS last ON true"
        " WHERE lead.ended_at IS DISTINCT FROM last.left_at OR lead.ended_as <> last.outcome",
    ),
    Question(
        "won",
        gettext_lazy("A lead is won exactly when one of its passages was left as won."),
        "SELECT lead.id FROM crm_lead lead LEFT JOIN crm_passage passage ON passage.lead_id = lead.id AND passage.outcome = 'won'"
        " WHERE lead.won_at IS DISTINCT FROM passage.left_at",
    ),
    Question(
        "passes",
        gettext_lazy("A further pass belongs to the same person as the pass before, and is counted on from it."),
        "SELECT lead.id FROM crm_lead lead JOIN crm_lead previous ON previous.id = lead.previous_id"
        " WHERE lead.contact_id IS DISTINCT FROM previous.contact_id OR lead.seq_no <> previous.seq_no + 1 OR lead.opened_at < previous.opened_at",
    ),
    Question("lead_owners", gettext_lazy("The owner shown with a lead is the one who holds it by its history."), _OWNERS.format(noun="lead")),
    Question("account_owners", gettext_lazy("The owner shown with an account is the one who holds it by its history."), _OWNERS.format(noun="account")),
    Question("handovers", gettext_lazy("Each owner follows the one before without a gap."), _OWNERSHIP_GAPS),
    Question(
        "opportunities",
        gettext_lazy("An opportunity is open as long as its lead is in sales, and closed and won when its lead is."),
        "SELECT opportunity.id FROM sales_opportunity opportunity JOIN crm_lead lead ON lead.id = opportunity.lead_id"
        " WHERE opportunity.won_at IS DISTINCT FROM lead.won_at"
        " OR (opportunity.closed_at IS NULL) <> (coalesce(lead.stage_id, '') IN ('p1', 'p2', 'p3', 'p4'))",
    ),
    Question(
        "copies",
        gettext_lazy("What is kept beside an opportunity about its lead is what stands on the lead."),
        "SELECT opportunity.id FROM sales_opportunity opportunity JOIN crm_lead lead ON lead.id = opportunity.lead_id"
        " WHERE (lead_contact_id, lead_account_id, lead_stage_id, lead_stage_since, lead_source, lead_segment, lead_owner_id) IS DISTINCT FROM"
        " (lead.contact_id, lead.account_id, lead.stage_id, lead.stage_since, lead.source, lead.segment, lead.owner_id)",
    ),
    Question(
        "handoffs",
        gettext_lazy("The person and the account that are kept beside a hand-off are those of its lead."),
        "SELECT handoff.id FROM relay_handoff handoff JOIN crm_lead lead ON lead.id = handoff.lead_id"
        " WHERE (lead_contact_id, lead_account_id) IS DISTINCT FROM (lead.contact_id, lead.account_id)",
    ),
    Question(
        "teams",
        gettext_lazy("The team that is kept beside a contact, its addresses and its numbers is that of its account."),
        "SELECT contact.id FROM crm_contact contact LEFT JOIN crm_account account ON account.id = contact.account_id"
        " WHERE contact.account_team_id IS DISTINCT FROM account.team_id"
        " UNION SELECT contact_id FROM crm_contactemail way JOIN crm_contact contact ON contact.id = way.contact_id"
        " WHERE way.account_team_id IS DISTINCT FROM contact.account_team_id"
        " UNION SELECT contact_id FROM crm_contactphone way JOIN crm_contact contact ON contact.id = way.contact_id"
        " WHERE way.account_team_id IS DISTINCT FROM contact.account_team_id",
    ),
    Question(
        "amounts",
        gettext_lazy("No amount is negative, and an order with an amount is in the ledger with one."),
        "SELECT 'passage ' || passage.id FROM crm_passage passage LEFT JOIN sales_opportunity opportunity ON opportunity.lead_id = passage.lead_id"
        " WHERE passage.amount < 0 OR (passage.outcome = 'won' AND opportunity.amount IS NOT NULL AND passage.amount IS NULL)"
        " UNION ALL SELECT 'opportunity ' || id FROM sales_opportunity WHERE amount < 0",
    ),
    Question("rates", gettext_lazy("Every foreign amount has an exchange rate."), _RATES),
    Question(
        "orphans",
        gettext_lazy("Every lead has a history, and every timeline entry and task of a lead stands with its person and company too."),
        "SELECT 'lead ' || id FROM crm_lead lead WHERE NOT EXISTS (SELECT 1 FROM crm_passage WHERE lead_id = lead.id)"
        " UNION ALL SELECT 'timeline entry ' || entry.id FROM crm_timelineentry entry JOIN crm_lead lead ON lead.id = entry.lead_id"
        " WHERE entry.contact_id IS NULL AND lead.contact_id IS NOT NULL AND entry.kind <> 'file'"
        " UNION ALL SELECT 'timeline entry ' || id FROM crm_timelineentry WHERE lead_id IS NULL AND contact_id IS NULL AND account_id IS NULL",
    ),
    Question(
        "past",
        gettext_lazy("Nothing in the ledger happened in the future."),
        "SELECT id FROM crm_passage WHERE entered_at > now() OR left_at > now()",
    ),
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object: ok, checks: [{key, holds, ok, n_wrong, examples}].")
def check(*, as_json: bool) -> None:
    """Ask whether the ledger, the leads, the owners and the amounts agree. Exit status 1 when something does not."""
    get_ready()
    answers = ask_all()
    ok = not any(answer.n_wrong for answer in answers)
    if as_json:
        click.echo(json.dumps({"ok": ok, "checks": [_as_json(answer) for answer in answers]}, ensure_ascii=False))
    else:
        _say(answers)
    if not ok:
        sys.exit(1)


def ask_all() -> list[Answer]:
    """Every question, on one snapshot of the database, so that work going on meanwhile is not taken for a contradiction."""
    from django.db import connection, transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return [*(ask(question) for question in QUESTIONS), ask_for_files(), ask_for_counts()]


def ask(question: Question) -> Answer:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) OVER (), wrong.* FROM ({question.sql}) AS wrong LIMIT {_N_EXAMPLES}")
        rows = cursor.fetchall()
    return Answer(question, rows[0][0] if rows else 0, [str(row[1]) for row in rows])


def ask_for_files() -> Answer:
    from django.core.files.storage import default_storage

    from tasuki.crm.files import File, Scan

    # The bytes of what a virus scanner refused are destroyed.
    names = File.objects.exclude(scan=Scan.REFUSED).values_list("stored_as", flat=True).iterator()
    missing = [str(name) for name in names if not default_storage.exists(name)]
    question = Question("files", gettext_lazy("Every attached file lies in the folder of files."), "")
    return Answer(question, len(missing), missing[:_N_EXAMPLES])


def ask_for_counts() -> Answer:
    """Of some days and spans of days, what pages add up, against the rows of calls, meetings, hand-offs, promises, lists and stages."""
    from tasuki.relay.leg_days import checking

    different = [f"{noun} {day}{f' +{n_days} days' if n_days > 1 else ''}" for noun, n_days, day in checking.differing()]
    question = Question("counted_days", gettext_lazy("What is counted by day for the numbers of inside sales is what their rows say."), "")
    return Answer(question, len(different), different[:_N_EXAMPLES])


def _as_json(answer: Answer) -> dict[str, Any]:
    question = answer.question
    return {"key": question.key, "holds": str(question.holds), "ok": answer.n_wrong == 0, "n_wrong": answer.n_wrong, "examples": answer.examples}


def _say(answers: list[Answer]) -> None:
    for answer in answers:
        click.echo(f"{'✗' if answer.n_wrong else '✓'} {answer.question.holds}")
        if answer.n_wrong:
            click.echo("  " + _("Not so for %(n)s, for example %(examples)s.") % {"n": f"{answer.n_wrong:,}", "examples": ", ".join(answer.examples)})
        if answer.n_wrong and answer.question.key == "counted_days":
            click.echo("  " + _("`tasuki recount --from DAY --to DAY` counts such days anew, and `tasuki recount` all of them."))
