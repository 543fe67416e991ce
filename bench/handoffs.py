"""Server time of the pages of hand-offs, as a share of the limit of 50 ms, for whoever sends, receives, leads and administrates.

Usage: TASUKI_HOME=… bin/bench handoffs [hand-offs] [times]. The home holds the demo company; so many hand-offs of two years are added, of every state,
and rolled back at the end.
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
from datetime import timedelta
from typing import Any

import harness

VIEWS = ("", "mine", "overdue", "unread", "accepted", "stuck", "sent", "all")
# As often as they come: one in twenty waits for an answer.
STATES = ["accepted"] * 11 + ["returned"] * 3 + ["needs_more"] * 2 + ["no_show"] * 2 + ["withdrawn", "offered"]


def main(n_handoffs: int, times: int) -> None:
    harness.ready()
    from django.db import connection, transaction

    from tasuki.relay.handoff_rows import Handoff

    with transaction.atomic():
        people = fill(n_handoffs)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE relay_handoff")
        print(f"{Handoff.objects.count():,} hand-offs; {times} times each; {harness.machine()}")
        print(f"{'who':14} {'page':24} {harness.HEAD} {'both':>7} queries")
        for who, user in people.items():
            client = harness.signed_in(user)
            seen = Handoff.objects.visible_to(user).order_by("-offered_at")
            pages = {f"list, {view or 'offered'}": f"/handoffs?view={view}" for view in VIEWS}
            pages |= {"list, as told": "/handoffs?view=all&sort=reason", "rates": "/handoffs/rates", "one": f"/handoffs/{seen[7].pk}"}
            for name, address in pages.items():
                print(f"{who:14} {name:24} {asked(client, address, times)}", flush=True)
        transaction.set_rollback(True)


def asked(client: Any, address: str, times: int) -> str:
    work: list[float] = []
    server = harness.server()

    def ask() -> None:
        began = harness.worked(server)
        if (answer := client.get(address)).status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
        work.append(harness.worked(server) - began)

    took = harness.timed(ask, times)
    return f"{took} {statistics.median(work):7.1f} {harness.n_queries(ask):3}"


def fill(n: int) -> dict[str, Any]:
    """Each of another lead, between the people of inside sales and those of sales; who looks at them."""
    from django.utils.timezone import now

    from tasuki.core.people import User
    from tasuki.crm.leads import Lead
    from tasuki.relay.handoff_rows import Handoff

    chance, at = random.Random(7), now()
    senders = list(User.objects.filter(role_grants__role="inside_seller", team__isnull=False, is_active=True).order_by("pk"))
    receivers = list(User.objects.filter(role_grants__role="field_seller", team__isnull=False, is_active=True).order_by("pk"))
    made = []
    for nth, lead in enumerate(Lead.objects.filter(contact__isnull=False, handoffs=None).order_by("-pk").values_list("pk", flat=True)[:n]):
        sender, receiver, state = chance.choice(senders), chance.choice(receivers), chance.choice(STATES)
        offered_at = at - (timedelta(days=chance.uniform(0, 6)) if state == "offered" else timedelta(days=730 * nth / n, hours=3))
        answered_at = None if state == "offered" else offered_at + timedelta(hours=chance.uniform(0.1, 2.9))
        made.append(Handoff(
            lead_id=lead, offered_by=sender, credited_to=sender, from_team=sender.team, to_owner=receiver, to_team=receiver.team, n_settled=7,
            offered_at=offered_at, meeting_at=offered_at + timedelta(days=5), due_at=offered_at + timedelta(hours=24), state=state,
            summary="Their night session ends too early.", agenda="What a day costs them", attendees="Two of them, two of ours",
            answered_at=answered_at, answered_by=receiver if answered_at else None, reason="no_window" if state == "returned" else "",
        ))  # fmt: skip
    Handoff.objects.bulk_create(made, batch_size=2_000)
    managers = User.objects.filter(role_grants__role="manager", is_active=True).order_by("-team__parent", "pk")
    leader = next(one for one in itertools.chain(managers.filter(team__department="sales"), managers))
    return {"sender": senders[0], "receiver": receivers[0], "manager": leader, "administrator": harness.holder_of("administrator")}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
