"""Waking: each morning of the queue what has its day, at once what waited for a thing that happens, and bit by bit what is dead (R6).

Rows are claimed in batches, each batch with the passes it opens in one transaction: whatever is killed is done again or was done, never
half, never twice. Two workers pass each other by. What many leads need is read and written by the same statements; see `next_passes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from tasuki.core.audit import By, Door
from tasuki.core.errors import Refused
from tasuki.crm import next_passes
from tasuki.crm.ledger import Outcome
from tasuki.crm.wake_rules import LATEST, Sign
from tasuki.inside_sales import holding_queue, recycling
from tasuki.inside_sales.holding_queue import HoldingQueue
from tasuki.inside_sales.holdings import Holding, Holdings, HoldingState

# So many as take less than a second: mails and imports, and whoever works on one of these leads, do not wait for longer.
BATCH = 200
_BY_THE_CLOCK = By(None, Door.JOB)


def wake_due(*, at: datetime, most: int = BATCH) -> int:
    """Wake a batch of what was recycled and has its day, once the queue's day has begun. How many rows were dealt with; 0 when none is left."""
    return _wake_batch(Holding.objects.exclude(ended_as=Outcome.LOST), at=at, most=most)


@transaction.atomic
def dig(*, at: datetime, most: int = BATCH) -> int:
    """Wake a batch of dead deals and lost customers whose time has come, at most so many a day as the settings say. How many were dealt with."""
    queue = holding_queue.rules()
    if not queue.digs:
        return 0
    with connection.cursor() as cursor:
        # Two workers that dig at once would count the same day twice.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tasuki.dig'))")
    midnight = at.astimezone(holding_queue.hours(queue).zone).replace(hour=0, minute=0, second=0, microsecond=0)
    n_today = Holding.objects.filter(ended_as=Outcome.LOST, state="woken", settled_at__gte=midnight).count()
    return _wake_batch(Holding.objects.filter(ended_as=Outcome.LOST), at=at, most=min(most, queue.most_dug_a_day - n_today), queue=queue)


@transaction.atomic
def hear(sign: Sign) -> int:
    """Somebody did what a pass of theirs waits for: wake it now. How many passes were woken."""
    rows = Holding.objects.waiting().filter(lead__contact=sign.contact_id, wake_trigger=sign.trigger)
    if sign.channel:
        rows = rows.filter(wake_channel__in=["", sign.channel])
    queue = holding_queue.rules()
    held = list(rows.select_for_update(of=("self",)).order_by("pk"))
    return sum(recycling.wake_held(row, queue=queue, by=sign.by, at=sign.at) is not None for row in held)


def wake_all(*, at: datetime) -> int:
    """Batch after batch, until nothing is due. How many rows were dealt with."""
    n = 0
    for wake in (wake_due, dig):
        while done := wake(at=at):
            n += done
    return n


@transaction.atomic
def _wake_batch(rows: Holdings, *, at: datetime, most: int, queue: HoldingQueue | None = None) -> int:
    queue = queue or holding_queue.rules()
    day = holding_queue.morning(at, hours=holding_queue.hours(queue)).day
    if day is None or most <= 0:
        return 0
    due = rows.due(day).select_for_update(skip_locked=True, of=("self",)).select_related("lead", "team", "former_owner__team")
    held = list(due.order_by("wake_on", "pk")[:most])
    _wake_set(held, queue=queue, at=at)
    return len(held)


def _wake_set(held: Sequence[Holding], *, queue: HoldingQueue, at: datetime) -> None:
    """Wake them together; what is no plain case is woken by itself and says why. A set with one that the database refuses is divided until it is alone."""
    if len(held) == 1:
        recycling.wake_held(held[0], queue=queue, by=_BY_THE_CLOCK, at=at)
        return
    try:
        woken = next_passes.wake_together(recycling.receivers(held, at=at), stage=queue.stage, by=_BY_THE_CLOCK, at=at)
    except (Refused, IntegrityError):
        middle = len(held) // 2
        for some in (held[:middle], held[middle:]):
            _wake_set(some, queue=queue, at=at)
        return
    recycling.settle_all([row for row in held if row.lead_id in woken], HoldingState.WOKEN, at=at)
    for row in held:
        # One of the others may have come by another way with one that was woken.
        if row.lead_id not in woken and Holding.objects.waiting().filter(pk=row.pk).exists():
            recycling.wake_held(row, queue=queue, by=_BY_THE_CLOCK, at=at)


def hold_what_came(*, at: datetime, most: int = 10_000) -> int:
    """Hold what left the relay by a door that says nothing on the bus: an import, or an older Tasuki. How many rows were written.

    What has come round already is written as woken; what was recycled stays with its owner until it wakes.
    """
    queue = holding_queue.rules()
    team = queue.team or holding_queue.first_team()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HOLD, {
            "team": team.pk if team else None, "at": at, "most": most, "digs": queue.digs, "every": queue.dig_every_days, "for": queue.dig_for_days,
            "overtaken": _("another pass began"), "latest": LATEST.days,
        })  # fmt: skip
        return int(cursor.rowcount)


_HOLD = """
INSERT INTO inside_sales_holding (lead_id, because_id, reason, ended_as, ended_in, team_id, former_owner_id, amount, held_at,
    wake_on, wake_when, wake_trigger, wake_channel, wake_every, wake_until_on, state, settled_at, settled_as)
SELECT lead.id, passage.because_id, passage.reason, lead.ended_as, passage.stage_id,
    CASE WHEN team.department = 'inside_sales' THEN team.id ELSE coalesce(%(team)s, lead.team_id) END, passage.owner_id, passage.amount, lead.ended_at,
    CASE WHEN lead.ended_as = 'recycled' THEN coalesce(passage.wake_on, lead.ended_at::date + %(latest)s) ELSE lead.ended_at::date + %(every)s END,
    CASE WHEN lead.ended_as = 'recycled' THEN passage.wake_when ELSE '' END,
    CASE WHEN lead.ended_as <> 'recycled' THEN '' WHEN passage.wake_trigger = '' AND passage.wake_when <> '' THEN 'event' ELSE passage.wake_trigger END,
    CASE WHEN lead.ended_as = 'recycled' THEN passage.wake_channel ELSE '' END,
    CASE WHEN lead.ended_as = 'recycled' THEN passage.wake_every ELSE %(every)s END,
    CASE WHEN lead.ended_as = 'recycled' THEN passage.wake_until_on ELSE lead.ended_at::date + %(for)s END,
    CASE WHEN next.id IS NOT NULL THEN 'woken' WHEN other.opened_at IS NOT NULL THEN 'overtaken' ELSE 'waiting' END,
    coalesce(next.opened_at, other.opened_at), CASE WHEN next.id IS NULL AND other.opened_at IS NOT NULL THEN %(overtaken)s ELSE '' END
FROM crm_lead lead
JOIN core_team team ON team.id = lead.team_id
JOIN LATERAL (SELECT * FROM crm_passage own WHERE own.lead_id = lead.id ORDER BY own.seq DESC LIMIT 1) passage ON passage.outcome = lead.ended_as
LEFT JOIN crm_lead next ON next.previous_id = lead.id
LEFT JOIN LATERAL (SELECT opened_at FROM crm_lead later WHERE later.contact_id = lead.contact_id AND later.product_line = lead.product_line
    AND later.id <> lead.id AND later.opened_at >= lead.ended_at ORDER BY later.opened_at LIMIT 1) other ON next.id IS NULL
WHERE (lead.ended_as = 'recycled' OR (%(digs)s AND lead.ended_as = 'lost' AND lead.ended_at > %(at)s - make_interval(days => %(for)s)
        AND passage.stage_id IN ('p1', 'p2', 'p3', 'p4', 'onboarding', 'adoption', 'live')))
    AND NOT EXISTS (SELECT FROM inside_sales_holding held WHERE held.lead_id = lead.id)
ORDER BY lead.id LIMIT %(most)s
ON CONFLICT (lead_id) DO NOTHING
"""
