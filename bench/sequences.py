"""The sweep of sequences: so many steps that are due at once, taken as the worker takes them, beside the bare claiming of as many rows.

Usage: TASUKI_HOME=… bin/bench sequences [steps]. The home holds the demo company. Everything it writes is rolled back, and no mail leaves the outbox.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import harness

# A tick of the worker takes so long at most before the next one is due.
TICK_S = 30.0
# What is claimed and put off, one row in one transaction, and nothing else.
BARE = """UPDATE engage_enrolment SET due_at = due_at + interval '1 day' WHERE id = (
    SELECT id FROM engage_enrolment WHERE due_at <= %s ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"""


def main(n_steps: int) -> None:
    harness.ready()
    from django.db import connection, transaction
    from django.utils.timezone import now

    from tasuki.engage.sequences import sweeping
    from tasuki.engage.sequences.enrolments import Deed, Enrolment

    # Ten o'clock of a day in the middle of a week: most windows are open.
    today = now().astimezone(ZoneInfo("Asia/Seoul")).replace(hour=10, minute=0, second=0, microsecond=0)
    at = today + timedelta(days=(1 - today.weekday()) % 7 or 7)
    with transaction.atomic(), connection.cursor() as cursor:
        fill(n_steps, at=at)
        cursor.execute("ANALYZE engage_enrolment")
        n = Enrolment.objects.filter(due_at__lte=at).count()
        bare = bare_claims(n, at=at)
        print(f"{n:,} members are due; {harness.machine()}; bare claims {bare * 1000 / n:.2f} ms each", flush=True)
        server, ticks = harness.server(), []
        began, worked, taken = time.perf_counter(), harness.worked(server), 0
        while Enrolment.objects.filter(due_at__lte=at).exists():
            tick = time.perf_counter()
            taken += sweeping.sweep(at=at)
            ticks.append(time.perf_counter() - tick)
        clock, work = time.perf_counter() - began, harness.worked(server) - worked
        print(f"taken {taken:,} in {len(ticks)} ticks, {clock:.1f} s, {taken / clock:,.0f} a second; {work / taken:.1f} ms of work each")
        print(f"{clock / taken / (bare / n):.1f} times a bare claim")
        slowest = max(ticks)
        print(f"slowest tick of {sweeping.MOST}: {slowest:.1f} s, {slowest / TICK_S:.2f} of the {TICK_S:.0f} s until the next one", flush=True)
        print("what came of them:", dict(Counter(Deed.objects.values_list("step__kind", flat=True))), dict(Counter(states())))
        transaction.set_rollback(True)


def states() -> list[str]:
    from tasuki.engage.sequences.enrolments import Enrolment

    return [f"{state} {why}".strip() for state, why in Enrolment.objects.values_list("state", "why")]


def bare_claims(n: int, *, at: datetime) -> float:
    """Seconds for claiming as many rows; they are due again afterwards."""
    from django.db import connection, transaction

    began = time.perf_counter()
    for _nth in range(n):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BARE, [at])
    took = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute("UPDATE engage_enrolment SET due_at = due_at - interval '1 day' WHERE due_at > %s", [at])
    return took


def fill(n: int, *, at: datetime) -> None:
    """People at companies of their own whose next step is a mail, a call, a wait or a branch; each seller has a mailbox, and everybody has agreed."""
    from tasuki.core.audit import By, Door
    from tasuki.crm import stages
    from tasuki.crm.leads import Lead
    from tasuki.engage.sequences.definitions import Step
    from tasuki.engage.sequences.enrolments import Enrolment

    Enrolment.objects.all().update(due_at=None)
    version = sequence(by=By(harness.holder_of("administrator"), Door.COMMAND), at=at - timedelta(days=7))
    steps = list(Step.objects.filter(version=version).order_by("position"))
    rows = Lead.objects.filter(stage__in=stages.BEFORE_SALES, owner__is_active=True, contact__isnull=False, account__isnull=False)
    rows = rows.exclude(contact__enrolments__state__in=["active", "paused"]).order_by("account_id", "pk").distinct("account_id").select_related("owner")
    leads = list(rows[:n])
    mailboxes({lead.owner_id: lead.owner for lead in leads}.values(), at=at)
    agree([lead.contact_id for lead in leads], at=at)
    Enrolment.objects.bulk_create(
        Enrolment(
            sequence=version.sequence, version=version, lead=lead, contact_id=lead.contact_id, owner=lead.owner, next_step=steps[nth % 4],
            due_at=at - timedelta(seconds=n - nth), enrolled_at=at - timedelta(days=5),
        )
        for nth, lead in enumerate(leads)
    )  # fmt: skip


def sequence(*, by: Any, at: datetime) -> Any:
    from tasuki.engage.sequences import writing
    from tasuki.engage.sequences.writing import Settings, Wording

    made = writing.add(Settings("Bench", n_mails_a_day=1_000), by=by, at=at)
    version = writing.draft(made, by=by, at=at)
    kinds = (Wording("mail", n_days=0), Wording("call"), Wording("wait"), Wording("branch", n_days=0, hears="answered"), Wording("call"))
    for wording in kinds:
        step = writing.add_step(version, wording=wording, by=by, at=at)
        if wording.kind == "mail":
            writing.write_variant(step, letter="A", subject="The night session", text="Hello {name}", by=by, at=at)
    writing.publish(version, by=by, at=at)
    return version


def mailboxes(owners: Any, *, at: datetime) -> None:
    from tasuki.engage.mailboxes import Mailbox

    Mailbox.objects.bulk_create(
        Mailbox(owner=one, address=one.email, key=one.email, smtp_host="127.0.0.1", smtp_port=9, connected_at=at, n_per_day=2_000, n_per_hour=2_000)
        for one in owners
        if not one.mailboxes.filter(is_active=True).exists()
    )


def agree(contacts: list[int], *, at: datetime) -> None:
    """Past the verb: what is measured is what comes after."""
    from tasuki.crm.contacts import Channel, Consent, ConsentState

    both = [(pk, channel) for pk in contacts for channel in (Channel.MAIL, Channel.PHONE)]
    Consent.objects.bulk_create(Consent(contact_id=pk, channel=channel, state=ConsentState.GIVEN, how="form", at=at) for pk, channel in both)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
