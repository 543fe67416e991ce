"""A list of one person for one day: proposed, put in another order, frozen, worked; what comes late is put on top and marked."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import Max, Min, Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Role
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Gone, Refused
from tasuki.core.people import User
from tasuki.crm.leads import Lead
from tasuki.inside_sales.call_lists import rules, turns
from tasuki.inside_sales.call_lists.buckets import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST_REASON = 200


class ListFrozen(Refused):
    code = "call_list_frozen"

    def __init__(self) -> None:
        super().__init__(_("This list is frozen: its order stays as it was when the day began."))


class SkipReasonMissing(Refused):
    code = "skip_reason_missing"

    def __init__(self) -> None:
        super().__init__(_("Say in a few words why this one is skipped."))


class AlreadyWorked(Refused):
    code = "entry_already_worked"

    def __init__(self) -> None:
        super().__init__(_("This one was worked already."))


class CallLists(models.QuerySet["CallList"]):
    """Questions about lists."""

    def visible_to(self, user: User) -> CallLists:
        """One's own, and those of the people below; whoever sees all leads sees all lists."""
        standing = abilities.standing_of(user)
        if standing.scope("lead") is abilities.Scope.ALL:
            return self
        if standing.scope("lead") is abilities.Scope.NOTHING:
            return self.none()
        below = Q(owner__team__in=standing.tree) if Role.MANAGER in standing.roles else Q()
        return self.filter(Q(owner=user.pk) | below) if below else self.filter(owner=user.pk)

    def of(self, person: User, *, day: date) -> CallList | None:
        return self.filter(owner=person, for_on=day).select_related("owner", "frozen_by").first()


class CallList(models.Model):
    """One person, one day. `n_slots` is how many calls fitted when it was built. Frozen by a person, or at the end of the day by nobody."""

    noun: ClassVar[str] = "calllist"

    owner = models.ForeignKey("core.User", models.PROTECT, related_name="call_lists", verbose_name=_("whose"))
    for_on = models.DateField(_("day"))
    n_slots = models.PositiveSmallIntegerField(_("calls that fit"))
    built_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    frozen_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")

    objects = CallLists.as_manager()

    class Meta:
        verbose_name = _("call list")
        verbose_name_plural = _("call lists")
        constraints = [
            models.UniqueConstraint(fields=["owner", "for_on"], name="one_call_list_a_day"),
            models.CheckConstraint(condition=Q(frozen_at__isnull=False) | Q(frozen_by__isnull=True), name="call_list_frozen_by_and_at"),
        ]
        indexes = [models.Index(fields=["for_on"], name="call_list_to_freeze", condition=Q(frozen_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.owner_id} {self.for_on}"


class CallListEntries(models.QuerySet["CallListEntry"]):
    """Questions about entries."""

    def late_of(self, lead_id: int) -> CallListEntries:
        """Where the lead came late and waits."""
        return self.filter(lead=lead_id, inserted_at__isnull=False, worked_at__isnull=True)


class CallListEntry(models.Model):
    """One lead on a list. `inserted_at` marks what came after the list was made; a database rule keeps the others of a frozen list as they are.

    `reasons` are codes and values, in the words of the reader by `reasons.in_words`. `n_before` and `n_in_order` are written when a planned entry is
    worked: how many planned ones were worked before it, and how many of those stand before it on the list (see `adherence`).
    """

    noun: ClassVar[str] = "calllistentry"

    # A lead that goes takes its entries along: see the migration.
    call_list = models.ForeignKey(CallList, models.CASCADE, related_name="entries")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="call_list_entries", db_constraint=False)
    bucket = models.PositiveSmallIntegerField(choices=Bucket.choices)
    position = models.IntegerField()
    reasons = models.JSONField(default=list)
    inserted_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    n_before = models.PositiveSmallIntegerField(default=0, db_default=0)
    n_in_order = models.PositiveSmallIntegerField(default=0, db_default=0)
    skipped_at = models.DateTimeField(null=True)
    skip_reason = models.CharField(_("reason"), max_length=LONGEST_REASON, blank=True)

    objects = CallListEntries.as_manager()

    class Meta:
        verbose_name = _("entry of a call list")
        verbose_name_plural = _("entries of call lists")
        constraints = [
            models.UniqueConstraint(fields=["call_list", "lead"], condition=Q(inserted_at__isnull=True), name="lead_planned_once_on_a_list"),
            # Who was planned, or called already, stands on top once more when they answer; until then once.
            models.UniqueConstraint(
                fields=["call_list", "lead"], condition=Q(inserted_at__isnull=False, worked_at__isnull=True), name="lead_waits_once_on_top"
            ),
            models.CheckConstraint(
                condition=Q(skipped_at__isnull=True, skip_reason="") | (Q(skipped_at__isnull=False) & ~Q(skip_reason="")), name="skipped_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["call_list", "position"], name="call_list_in_order"),
            # Few are skipped: why is counted over a year without reading those that were not.
            models.Index(
                fields=["call_list"], name="call_list_skipped", include=["skip_reason"], condition=Q(skipped_at__isnull=False, inserted_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_list_id}: {self.lead_id}"


def require_may_arrange(person: User, *, whose: User) -> None:
    """Raise Forbidden unless it is their own list, or one of the people whom they manage."""
    if not may_arrange(person, whose=whose):
        raise Forbidden(_("You may arrange your own list, and those of the people whom you manage."))


def may_arrange(person: User, *, whose: User) -> bool:
    """Their own lists, and those of the people whom they manage."""
    standing = abilities.standing_of(person)
    return person.pk == whose.pk or (Role.MANAGER in standing.roles and whose.team_id in standing.tree)


@transaction.atomic
def freeze(call_list: CallList, *, by: By, at: datetime) -> CallList:
    """From now on the list stays as it is, but for what comes late. Doing it twice changes nothing."""
    held = _held(call_list)
    if held.frozen_at is None:
        CallList.objects.filter(pk=held.pk).update(frozen_at=at, frozen_by=by.actor)
        audit.record(held, action="freeze", by=by, at=at, changes={"frozen_at": (None, at)})
    return _held(call_list)


@transaction.atomic
def move(entry: CallListEntry, *, to: int, by: By, at: datetime) -> None:
    """Put an entry into another place, from 1, before the list is frozen. Raises ListFrozen, Gone."""
    held = _held(entry.call_list)
    if held.frozen_at is not None:
        raise ListFrozen
    order = list(held.entries.order_by("position", "pk"))
    here = next((nth for nth, one in enumerate(order) if one.pk == entry.pk), None)
    if here is None:
        raise Gone
    there = min(max(to - 1, 0), len(order) - 1)
    if here == there:
        return
    order.insert(there, order.pop(here))
    for nth, one in enumerate(order, start=1):
        one.position = nth
    CallListEntry.objects.bulk_update(order, ["position"])
    audit.record(held, action="arrange", by=by, at=at, changes={f"lead_{entry.lead_id}": (here + 1, there + 1)})


@transaction.atomic
def skip(entry: CallListEntry, *, reason: str, by: By, at: datetime) -> None:
    """Leave one out today, and say why. Raises SkipReasonMissing, AlreadyWorked, Gone."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise SkipReasonMissing
    held = _held(entry.call_list)
    entry = _there(entry)
    if entry.worked_at is not None:
        raise AlreadyWorked
    CallListEntry.objects.filter(pk=entry.pk).update(skipped_at=at, skip_reason=reason)
    audit.record(held, action="skip", by=by, at=at, changes={f"lead_{entry.lead_id}": ("", reason)})


@transaction.atomic
def take_back(entry: CallListEntry, *, by: By, at: datetime) -> None:
    """It is not skipped after all. Raises Gone."""
    held = _held(entry.call_list)
    entry = _there(entry)
    if entry.skipped_at is not None:
        CallListEntry.objects.filter(pk=entry.pk).update(skipped_at=None, skip_reason="")
        audit.record(held, action="take_back", by=by, at=at, changes={f"lead_{entry.lead_id}": (entry.skip_reason, "")})


@transaction.atomic
def insert(lead: Lead, *, why: list[list[object]], by: By, at: datetime, is_raised: bool = False) -> list[CallListEntry]:
    """Put a lead on top of the lists that its owner still works, marked as come late; → where it stands on each, today's first.

    These are today's until the working day is over, and the next one, be it of tomorrow or after a holiday, as soon as it is proposed; where that is
    not there, today's for the whole day. Where there is neither, the next one that is proposed has the lead: a build that runs is waited for.
    One that waits there already stays in its place. With `is_raised` it comes to the top from where it was planned further down, or after it was
    worked: the frozen plan stays as it is, with the lead standing there too.
    """
    owner = lead.owner
    if owner is None:
        return []
    turns.wait_for_builds()
    _take_off(CallListEntry.objects.late_of(lead.pk).exclude(call_list__owner=owner), by=by, at=at)
    return [_on_top(one, lead, why=why, by=by, at=at, is_raised=is_raised) for one in _still_worked([owner], at=at).get(owner.pk, ())]


@transaction.atomic
def insert_new(leads: Sequence[Lead], *, by: By, at: datetime) -> int:
    """Likewise many leads that no list has yet, which came to us with their owners: the first on top; → how many entries were made.

    The same few queries however many leads, and two for each list.
    """
    by_owner = defaultdict[int, list[Lead]](list)
    for lead in leads:
        if lead.owner_id is not None:
            by_owner[lead.owner_id].append(lead)
    if not by_owner:
        return 0
    turns.wait_for_builds()
    made: list[CallListEntry] = []
    for those in _still_worked(list(User.objects.filter(pk__in=by_owner)), at=at).values():
        for held in those:
            made += _all_on_top(held, by_owner[held.owner_id], by=by, at=at)
    CallListEntry.objects.bulk_create(made, batch_size=5_000)
    return len(made)


def _all_on_top(held: CallList, leads: Sequence[Lead], *, by: By, at: datetime) -> list[CallListEntry]:
    top = held.entries.aggregate(top=Min("position"))["top"]
    first = 1 if top is None else top - len(leads)
    entries = [
        CallListEntry(
            call_list=held,
            lead=lead,
            bucket=Bucket.RAISED,
            position=first + nth,
            reasons=[["raised", lead.stage_since.isoformat(), lead.source]],
            inserted_at=at,
        )
        for nth, lead in enumerate(leads)
    ]
    audit.record(held, action="insert", by=by, at=at, changes={f"lead_{entry.lead_id}": (None, entry.position) for entry in entries})
    return entries


def _still_worked(owners: Sequence[User], *, at: datetime) -> dict[int, list[CallList]]:
    """Held, in the order of their days, by the owner."""
    today = {owner.pk: rules.local(at, owner).date() for owner in owners}
    rows = CallList.objects.select_for_update(of=("self",)).select_related("owner").filter(owner__in=owners, for_on__gte=min(today.values()))
    ahead = defaultdict[int, list[CallList]](list)
    for one in rows.order_by("for_on", "pk"):
        if one.for_on >= today[one.owner_id]:
            ahead[one.owner_id].append(one)
    over = rules.over(at, people=[owner for owner in owners if len(ahead.get(owner.pk, ())) > 1])
    return {pk: _of_these(those[:2], today=today[pk], is_over=pk in over) for pk, those in ahead.items()}


def _of_these(found: list[CallList], *, today: date, is_over: bool) -> list[CallList]:
    if found[0].for_on > today:
        return found[:1]
    return found[1:] if len(found) > 1 and is_over else found


def _on_top(held: CallList, lead: Lead, *, why: list[list[object]], by: By, at: datetime, is_raised: bool) -> CallListEntry:
    there = held.entries.filter(lead=lead)
    if is_raised:
        # High enough is where those stand who were promised a call, or have raised a hand.
        there = there.filter(worked_at__isnull=True).filter(Q(inserted_at__isnull=False) | Q(bucket__lte=Bucket.RAISED, skipped_at__isnull=True))
    if (waiting := there.order_by("position").first()) is not None:
        return waiting
    top = held.entries.aggregate(top=Min("position"))["top"]
    place = 1 if top is None else top - 1
    entry = CallListEntry.objects.create(call_list=held, lead=lead, bucket=Bucket.RAISED, position=place, reasons=why, inserted_at=at)
    audit.record(held, action="insert", by=by, at=at, changes={f"lead_{lead.pk}": (None, entry.position)})
    return entry


@transaction.atomic
def leave(lead: Lead, *, by: By, at: datetime) -> None:
    """Somebody else has the lead from now on; `lead` is as it was. It leaves the lists of who had it, from their today on: a frozen plan stays as it
    was made, and says why this one is not called."""
    if lead.owner is None:
        return
    turns.wait_for_builds()
    today = rules.local(at, lead.owner).date()
    waiting = CallListEntry.objects.filter(lead=lead, worked_at__isnull=True, skipped_at__isnull=True, call_list__owner=lead.owner)
    for entry in waiting.filter(call_list__for_on__gte=today).select_related("call_list").order_by("pk"):
        held = _held(entry.call_list)
        if held.frozen_at is None or entry.inserted_at is not None:
            audit.record(held, action="take_off", by=by, at=at, changes={f"lead_{lead.pk}": (entry.position, None)})
            entry.delete()
            continue
        with translation.override(held.owner.language):
            reason = str(_("given to somebody else"))
        CallListEntry.objects.filter(pk=entry.pk).update(skipped_at=at, skip_reason=reason)
        audit.record(held, action="skip", by=by, at=at, changes={f"lead_{lead.pk}": ("", reason)})


@transaction.atomic
def join(lead: Lead, *, to: User, by: By, at: datetime) -> CallListEntry | None:
    """A person has given the lead to another, whose next list is made already: it stands at its end, marked as come late. None where no list is made,
    and where the lead stands on it: what is made later looks for itself."""
    turns.wait_for_builds()
    ahead = CallList.objects.select_for_update(of=("self",)).select_related("owner").filter(owner=to, for_on__gt=rules.local(at, to).date())
    held = ahead.order_by("for_on").first()
    if held is None or held.entries.filter(lead=lead, worked_at__isnull=True, skipped_at__isnull=True).exists():
        return None
    last = held.entries.aggregate(last=Max("position"))["last"] or 0
    entry = CallListEntry.objects.create(call_list=held, lead=lead, bucket=Bucket.READY, position=last + 1, reasons=[["given", at.isoformat()]], inserted_at=at)
    audit.record(held, action="insert", by=by, at=at, changes={f"lead_{lead.pk}": (None, entry.position)})
    return entry


@transaction.atomic
def work(lead_id: int, *, by: By, at: datetime) -> None:
    """Somebody tried to reach the lead, or moved it: on their list of today it is worked, once; nothing where it is not on it.

    Where it had come late onto their next list that is done too: it leaves that one.
    """
    if by.actor is None:
        return
    mine = CallListEntry.objects.filter(lead=lead_id, call_list__owner=by.actor, worked_at__isnull=True)
    for entry in mine.filter(call_list__for_on=rules.local(at, by.actor).date()):
        worked = CallListEntry.objects.filter(call_list=entry.call_list_id, inserted_at__isnull=True, worked_at__isnull=False)
        before = worked.aggregate(n=models.Count("pk"), in_order=models.Count("pk", filter=Q(position__lt=entry.position)))
        n = {"n_before": before["n"], "n_in_order": before["in_order"]} if entry.inserted_at is None else {}
        CallListEntry.objects.filter(pk=entry.pk).update(worked_at=at, skipped_at=None, skip_reason="", **n)
    _take_off(CallListEntry.objects.late_of(lead_id).filter(call_list__owner=by.actor), by=by, at=at)


def _take_off(late: CallListEntries, *, by: By, at: datetime) -> None:
    """Take what came late off the lists whose day has not begun where their owners are."""
    for entry in late.filter(call_list__for_on__gte=at.date()).select_related("call_list__owner"):
        if entry.call_list.for_on > rules.local(at, entry.call_list.owner).date():
            audit.record(entry.call_list, action="take_off", by=by, at=at, changes={f"lead_{entry.lead_id}": (entry.position, None)})
            entry.delete()


def follow(lead: Lead, *, before: Lead, at: datetime) -> None:
    """The pass that was on lists of today and later has woken as another: that one is called."""
    follow_all({before.pk: lead}, at=at)


def follow_all(following: Mapping[int, Lead], *, at: datetime) -> None:
    """Likewise of many leads, by the number of the pass before each."""
    waiting = CallListEntry.objects.filter(lead__in=list(following), worked_at__isnull=True, call_list__for_on__gte=at.date() - timedelta(days=1))
    ahead = [one for one in waiting.select_related("call_list__owner") if one.call_list.for_on >= rules.local(at, one.call_list.owner).date()]
    for one in ahead:
        one.lead = following[one.lead_id]
    CallListEntry.objects.bulk_update(ahead, ["lead"])


def entries_of(call_list: CallList) -> Iterable[CallListEntry]:
    """In their order, with what a page shows of each."""
    of_leads = ("lead__contact", "lead__account", "lead__stage")
    return call_list.entries.order_by("position", "pk").select_related(*of_leads).prefetch_related("lead__score__model")


def each_once(entries: Sequence[CallListEntry]) -> tuple[list[CallListEntry], dict[int, int]]:
    """The entries with each lead once that came to the top after an answer, as the desk calls it; and which planned entry each such one came from.

    What was worked or skipped before the answer stays where it is: that happened.
    """
    on_top = {one.lead_id: one for one in entries if one.inserted_at is not None}
    came_from: dict[int, int] = {}
    shown = []
    for one in entries:
        top = on_top.get(one.lead_id)
        over_at = one.worked_at or one.skipped_at
        if one.inserted_at is None and top and top.inserted_at and (over_at is None or over_at >= top.inserted_at):
            came_from[top.pk] = one.pk
        else:
            shown.append(one)
    return shown, came_from


def n_in_week(call_list: CallList) -> int:
    """How many entries the lists of the person have in the week of this one."""
    monday = call_list.for_on - timedelta(days=call_list.for_on.weekday())
    week = (monday, monday + timedelta(days=6))
    return CallListEntry.objects.filter(call_list__owner=call_list.owner_id, call_list__for_on__range=week).count()


def _held(call_list: CallList) -> CallList:
    return CallList.objects.select_for_update(of=("self",)).select_related("owner").get(pk=call_list.pk)


def _there(entry: CallListEntry) -> CallListEntry:
    found = CallListEntry.objects.filter(pk=entry.pk).first()
    if found is None:
        raise Gone
    return found
