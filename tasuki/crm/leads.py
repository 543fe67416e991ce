"""Leads: one lead is one pass of a contact, at an account, through the relay. Recycling opens a new pass later; history stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, bus
from tasuki.core.audit import AuditEntry, By
from tasuki.core.meanwhile import Said, Seen, held, refuse_overtaken, trimmed
from tasuki.crm import barred, exit_reasons, following, lead_indexes, ledger, notifications, requirements, stages, timeline, wake_rules
from tasuki.crm.exit_reasons import Exit
from tasuki.crm.lead_refusals import (
    AlreadyInProcess,
    CannotMerge,
    DisqualifiedBefore,
    NotDisqualified,
    NotForward,
    NotRecycled,
    OtherProductLine,
    ReasonMissing,
    WordsMissing,
)  # fmt: skip
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.notifications import Happening
from tasuki.crm.ownership import Given, Ownership
from tasuki.crm.timeline import TimelineEntry
from tasuki.crm.wake_rules import WakeRule, WakeRuleMissing

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.teams import Team
    from tasuki.crm.accounts import Account
    from tasuki.crm.contacts import Contact
    from tasuki.crm.exit_reasons import ExitReason
    from tasuki.crm.products import Product


class Origin(models.TextChoices):
    """Why this pass began."""

    INBOUND = "inbound", _("inbound")
    OUTBOUND = "outbound", _("outbound")
    RECYCLED = "recycled", _("recycled")
    INBOUND_AGAIN = "inbound_again", _("inbound again")
    EXPANSION = "expansion", _("expansion")
    HAND_RAISE = "hand_raise", _("hand raised")


class LeadState(models.TextChoices):
    """Where the pass stands as a whole: in process, won, or how it ended otherwise."""

    OPEN = "open", _("in process")
    WON = "won", _("won")
    RECYCLED = Outcome.RECYCLED.value, Outcome.RECYCLED.label
    LOST = Outcome.LOST.value, Outcome.LOST.label
    DISQUALIFIED = Outcome.DISQUALIFIED.value, Outcome.DISQUALIFIED.label
    MERGED = Outcome.MERGED.value, Outcome.MERGED.label


class Leads(models.QuerySet["Lead"]):
    """Questions about leads."""

    def visible_to(self, user: User) -> Leads:
        return self.filter(abilities.owned_by_scope(abilities.standing_of(user), "lead"))

    def in_process(self) -> Leads:
        return self.filter(stage__isnull=False)

    def newest_first(self) -> Leads:
        return self.order_by("-opened_at", "-id")

    def for_listing(self) -> Leads:
        # What there are few of is read once for all rows: planning a join of seven tables takes longer than running it.
        return self.select_related("contact", "account", "score").prefetch_related("owner", "team", "stage", "score__model")

    def for_page(self) -> Leads:
        return self.select_related("contact", "account", "owner", "team", "stage", "product", "previous")


class Lead(models.Model):
    """One pass. `source` and `origin` never change (R7). `stage` is a convenience, written by the verb that writes the ledger."""

    noun: ClassVar[str] = "lead"

    # What these name is checked for a whole statement: see core/references.py.
    contact = models.ForeignKey("crm.Contact", models.PROTECT, null=True, blank=True, related_name="leads", db_constraint=False, verbose_name=_("contact"))
    account = models.ForeignKey("crm.Account", models.PROTECT, null=True, blank=True, related_name="leads", db_constraint=False, verbose_name=_("account"))
    product = models.ForeignKey(
        "crm.Product", models.PROTECT, null=True, blank=True, related_name="leads", db_index=False, db_constraint=False, verbose_name=_("product")
    )
    product_line = models.CharField(_("product line"), max_length=80, blank=True)
    seq_no = models.PositiveSmallIntegerField(_("pass"), default=1)
    previous = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="next", verbose_name=_("the pass before"))
    origin = models.CharField(_("origin"), max_length=14, choices=Origin.choices)
    source = models.CharField(_("source"), max_length=80, blank=True)
    source_detail = models.CharField(_("source in detail"), max_length=200, blank=True)
    segment = models.CharField(_("segment"), max_length=80, blank=True)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    owner = models.ForeignKey(
        "core.User", models.PROTECT, null=True, blank=True, related_name="leads", db_index=False, db_constraint=False, verbose_name=_("owner")
    )
    team = models.ForeignKey("core.Team", models.PROTECT, related_name="leads", db_index=False, db_constraint=False, verbose_name=_("team"))
    opened_at = models.DateTimeField(_("opened"))
    stage = models.ForeignKey("crm.Stage", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False, verbose_name=_("stage"))
    stage_since = models.DateTimeField(_("in this stage since"))
    won_at = models.DateTimeField(_("won"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_as = models.CharField(_("ended as"), max_length=12, choices=Outcome.choices, blank=True)
    state = models.GeneratedField(
        expression=Case(When(won_at__isnull=False, then=Value("won")), When(ended_as="", then=Value("open")), default=F("ended_as")),
        output_field=models.CharField(_("state"), max_length=12, choices=LeadState.choices),
        db_persist=True,
    )
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged", verbose_name=_("merged into"), db_index=False)
    custom = models.JSONField(_("custom fields"), default=dict, db_default=Value({}, models.JSONField()), blank=True)
    updated_at = models.DateTimeField(_("changed"))

    objects = Leads.as_manager()
    refuse_words = barred.refuse_erased

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = lead_indexes.ALL
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "product_line"],
                condition=Q(stage__isnull=False, won_at__isnull=True, contact__isnull=False),
                name="one_open_lead_per_contact_and_line",
            ),
            models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="lead_reference_once"),
            models.CheckConstraint(condition=Q(stage__isnull=True) ^ Q(ended_at__isnull=True), name="lead_in_a_stage_or_ended"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_as="") | (Q(ended_at__isnull=False) & ~Q(ended_as="")), name="lead_ended_as_something"
            ),
            models.CheckConstraint(condition=Q(won_at__isnull=True) | Q(won_at__gte=F("opened_at")), name="lead_won_after_opened"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The person, else the company, else the reference: what a list calls this lead."""
        if self.contact:
            return self.contact.display_name
        if self.account:
            return self.account.name
        return self.reference or f"#{self.pk}"


def locked(lead: Lead) -> Lead:
    """The lead as it is now, held until the end of the transaction. Raises Gone."""
    return held(lead)


@dataclass(frozen=True)
class Moved:
    """Said on the bus: the pass entered a stage (`to`), or ended (`to` is None). `before` is None for a pass that began."""

    lead: Lead
    before: str | None
    to: str | None
    by: By
    at: datetime


@dataclass(frozen=True)
class Arrival:
    """What is known of a lead when it arrives."""

    team: Team
    origin: Origin = Origin.INBOUND
    contact: Contact | None = None
    account: Account | None = None
    product: Product | None = None
    owner: User | None = None
    source: str = ""
    source_detail: str = ""
    segment: str = ""
    reference: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)  # as the column holds it


@transaction.atomic
def capture(arrival: Arrival, *, by: By, at: datetime, stage: str = stages.CAPTURED, previous: Lead | None = None) -> Lead:
    """Open a pass and its first passage. Raises AlreadyInProcess while the contact's last pass for the product line is open,
    DisqualifiedBefore unless the person has raised their hand (R4), Gone for its contact or account, ErasedPerson.
    """
    for known in (arrival.account, arrival.contact):
        if known:  # a merge waits for whoever wakes a lead and holds that
            barred.refuse_erased(known if previous else held(known))
    line = arrival.product.line if arrival.product else ""
    if arrival.contact and _other_pass(arrival.contact, line=line).exists():
        raise AlreadyInProcess
    if arrival.contact and previous is None and arrival.origin != Origin.HAND_RAISE and is_disqualified(arrival.contact):
        raise DisqualifiedBefore
    lead = Lead.objects.create(
        contact=arrival.contact,
        account=arrival.account,
        product=arrival.product,
        product_line=line,
        seq_no=_next_seq_no(arrival.contact, previous=previous),
        previous=previous,
        origin=arrival.origin,
        source=arrival.source,
        source_detail=arrival.source_detail,
        segment=arrival.segment,
        reference=arrival.reference,
        custom=dict(arrival.custom),
        owner=arrival.owner,
        team=arrival.team,
        opened_at=at,
        stage_id=stage,
        stage_since=at,
        updated_at=at,
    )
    ledger.enter(lead, stage=stage, at=at, by=by)
    Ownership.objects.create(lead=lead, owner=lead.owner, team=lead.team, from_at=at, given_by=by.actor)
    _write_move(lead, by=by, at=at, detail={"to": stage, "origin": lead.origin})
    cause = audit.record(lead, action="capture", by=by, at=at, changes={"stage": (None, stage)})
    receivers = [lead.owner_id] if lead.owner_id else []
    notifications.tell(receivers, happening=Happening.GIVEN, noun=lead.noun, cause=cause, by=by, at=at, about=following.about(lead))
    bus.say(Moved(lead, before=None, to=stage, by=by, at=at))
    return lead


@dataclass(frozen=True)
class Receiver:
    """Who takes the lead over as it enters a stage."""

    owner: User | None
    team: Team


@transaction.atomic
def advance(lead: Lead, *, to: str, by: By, at: datetime, amount: Decimal | None = None, receiver: Receiver | None = None) -> Passage:
    """Move the lead to a later stage of the relay. Raises NotForward, NotInProcess, FieldsMissing, LeftBeforeEntered.

    The stage it leaves stays with the one who carried it there; with a receiver, the stage it enters is the receiver's.
    """
    lead = locked(lead)
    before = lead.stage_id
    if to not in stages.ORDER:
        raise stages.UnknownStage(to)
    if before is not None and stages.ORDER.index(to) <= stages.ORDER.index(before):
        raise NotForward
    requirements.refuse_unless_filled(lead, entering=to, person=by.actor)
    won = to in stages.IN_SUCCESS and lead.won_at is None
    ledger.leave(lead, outcome=Outcome.WON if won else Outcome.ADVANCED, at=at, amount=amount)
    if receiver:
        give(lead, to=receiver.owner, team=receiver.team, by=by, at=at)
        lead = locked(lead)
    passage = ledger.enter(lead, stage=to, at=at, by=by)
    _place(lead, stage=to, at=at, won=won)
    entry = _write_move(lead, by=by, at=at, detail={"from": before, "to": to, "won": won})
    cause = audit.record(lead, action="win" if won else "advance", by=by, at=at, changes={"stage": (before, to)})
    happening = Happening.CLOSE if won else Happening.MOVE
    notifications.tell_followers(following.about(lead), happening=happening, noun=lead.noun, cause=cause, by=by, at=at, entry=entry)
    bus.say(Moved(locked(lead), before=before, to=to, by=by, at=at))
    return passage


def recycle(
    lead: Lead,
    *,
    by: By,
    at: datetime,
    reason: str = "",
    because: ExitReason | None = None,
    rule: WakeRule | None = None,
    wake_on: date | None = None,
    wake_when: str = "",
    amount: Decimal | None = None,
) -> Passage:
    """End this pass with a reason, of the tree or in words, and a rule for when the next begins: `rule`, or a day and words as histories
    have them. Raises WakeRuleMissing, WakeRuleWrong, ReasonNotForThis, NotInProcess, LeftBeforeEntered.
    """
    if not reason.strip() and because is None:
        raise WakeRuleMissing
    rule = wake_rules.with_a_day(wake_rules.checked(rule or WakeRule(on=wake_on, words=wake_when)), at=at)
    return _end(lead, outcome=Outcome.RECYCLED, by=by, at=at, reason=reason, because=because, rule=rule, amount=amount)


def lose(lead: Lead, *, reason: str, by: By, at: datetime, amount: Decimal | None = None) -> Passage:
    """End this pass as lost: to a competitor, to no decision, or to too early (R13)."""
    return _end(lead, outcome=Outcome.LOST, by=by, at=at, reason=reason, amount=amount)


def disqualify(lead: Lead, *, by: By, at: datetime, reason: str = "", because: ExitReason | None = None) -> Passage:
    """End this pass for good: only a hand-raise brings a disqualified contact back (R4). Raises ReasonMissing, ReasonNotForThis."""
    if not reason.strip() and because is None:
        raise ReasonMissing
    return _end(lead, outcome=Outcome.DISQUALIFIED, by=by, at=at, reason=reason, because=because)


@transaction.atomic
def merge(lead: Lead, *, into: Lead, by: By, at: datetime, merge_id: int | None = None, cause: AuditEntry | None = None) -> Passage:
    """End this pass because it is the same as another. Its history stays and is shown with the survivor's. Raises CannotMerge.

    `merge_id` and `cause` are the merge of records that it is part of, and that in the trail.
    """
    if lead.pk == into.pk or locked(lead).stage_id is None:
        raise CannotMerge(_("A lead can be merged only into another lead, and only while it is in process."))
    passage = _end(lead, outcome=Outcome.MERGED, by=by, at=at, reason=f"#{into.pk}", cause=cause)
    Lead.objects.filter(pk=lead.pk).update(merged_into=into)
    entry = TimelineEntry.objects.create(
        at=at, kind=timeline.Kind.MERGE, lead=into, contact=into.contact, account=into.account, actor=by.actor, detail={"merged": lead.pk, "merge": merge_id}
    )
    own = audit.record(into, action="merge", by=by, at=at, changes={"merged": (None, lead.pk)})
    notifications.tell_followers(following.about(into), happening=Happening.MERGE, noun=into.noun, cause=cause or own, by=by, at=at, entry=entry)
    return passage


@transaction.atomic
def wake(lead: Lead, *, by: By, at: datetime, stage: str = stages.NURTURING, receiver: Receiver | None = None) -> Lead:
    """Open the next pass of a lead that was recycled, or won back after it was lost, with what is known of it by now; with a receiver, it
    is the receiver's. Raises NotRecycled if it did not end so, or was woken already; AlreadyInProcess.
    """
    lead = locked(lead)
    if lead.ended_as not in (Outcome.RECYCLED, Outcome.LOST) or Lead.objects.filter(previous=lead).exists():
        raise NotRecycled
    return _next_pass(lead, origin=Origin.RECYCLED, receiver=receiver, stage=stage, by=by, at=at)


@transaction.atomic
def raise_hand(lead: Lead, *, words: str, by: By, at: datetime, stage: str = stages.READY) -> Lead:
    """Open the next pass of a disqualified lead, because the person came to us of their own accord; `words` say how (R4).

    Raises NotDisqualified if it did not end so, or they came back already; WordsMissing, AlreadyInProcess.
    """
    lead = locked(lead)
    if lead.ended_as != Outcome.DISQUALIFIED or Lead.objects.filter(previous=lead).exists():
        raise NotDisqualified
    if not words.strip():
        raise WordsMissing
    following = _next_pass(lead, origin=Origin.HAND_RAISE, receiver=None, stage=stage, by=by, at=at)
    _write_move(following, by=by, at=at, detail={"hand_raise": True}, text=words.strip()[:200])
    return following


def is_disqualified(contact: Contact) -> bool:
    """Whether the person's last pass, whatever it was about, ended as disqualified."""
    last = Lead.objects.filter(contact=contact).order_by("-opened_at", "-pk").values_list("ended_as", flat=True).first()
    return last == Outcome.DISQUALIFIED


def _next_pass(lead: Lead, *, origin: Origin, receiver: Receiver | None, stage: str, by: By, at: datetime) -> Lead:
    arrival = Arrival(
        team=receiver.team if receiver else lead.team,
        origin=origin,
        contact=lead.contact,
        account=lead.account,
        product=lead.product,
        owner=receiver.owner if receiver else lead.owner,
        source=lead.source,
        source_detail=lead.source_detail,
        segment=lead.segment,
        custom=lead.custom,
    )
    return capture(arrival, by=by, at=at, stage=stage, previous=lead)


@transaction.atomic
def give(lead: Lead, *, to: User | None, team: Team, by: By, at: datetime, reason: str = "", seen: Seen | None = None, is_news: bool = True) -> Ownership:
    """Hand the lead to another person, or to a team's queue. The period before is closed, never rewritten. Raises ChangedMeanwhile.

    It is no news when it is part of something that people hear of already.
    """
    lead = locked(lead)
    refuse_overtaken(lead, said={"owner": to, "team": team}, seen=seen)
    changes = audit.difference(lead, {"owner": to, "team": team})
    current = Ownership.objects.select_for_update().get(lead=lead, until_at__isnull=True)
    if not changes:
        return current
    # A back-dated hand-over cannot end a period before it began.
    moment = max(at, current.from_at)
    Ownership.objects.filter(pk=current.pk).update(until_at=moment)
    ownership = Ownership.objects.create(lead=lead, owner=to, team=team, from_at=moment, given_by=by.actor, reason=reason)
    Lead.objects.filter(pk=lead.pk).update(owner=to, team=team, updated_at=at)
    detail = {"from": str(lead.owner or lead.team), "to": str(to or team)}
    entry = TimelineEntry.objects.create(
        at=at, kind=timeline.Kind.OWNER, lead=lead, contact=lead.contact, account=lead.account, actor=by.actor, text=reason, detail=detail
    )
    cause = audit.record(lead, action="give", by=by, at=at, changes=changes)
    if is_news:
        notifications.tell_of_new_owner(lead, to=to, entry=entry, cause=cause, by=by, at=at)
    bus.say(Given(lead, to, by, at))
    return ownership


@transaction.atomic
def change(lead: Lead, *, said: Said, by: By, at: datetime, seen: Seen | None = None) -> Lead:
    """Change the `segment` or the `product` of a lead. Where it came from never changes, and its product line is what makes it this pass:
    a lead without one takes the line of its first product. Raises ChangedMeanwhile, OtherProductLine, AlreadyInProcess, ErasedPerson.
    """
    lead, columns = locked(lead), trimmed(said)
    barred.refuse_erased(lead)
    refuse_overtaken(lead, said=columns, seen=seen)
    if product := columns.get("product"):
        columns["product_line"] = product.line
        if lead.product_line and product.line != lead.product_line:
            raise OtherProductLine(lead.product_line)
    changes = audit.difference(lead, columns)
    if "product_line" in changes and _other_pass(lead.contact, line=columns["product_line"]).exclude(pk=lead.pk).exists():
        raise AlreadyInProcess
    if changes:
        Lead.objects.filter(pk=lead.pk).update(updated_at=at, **columns)
        audit.record(lead, action="change", by=by, at=at, changes=changes)
    return locked(lead)


def _other_pass(contact: Contact | None, *, line: str) -> Leads:
    """The open passes of a person for a product line."""
    return Lead.objects.in_process().filter(contact=contact, contact__isnull=False, product_line=line, won_at__isnull=True)


def chain(lead: Lead) -> Sequence[Passage]:
    """The passages of this pass in order: who carried it, through which stage, how long."""
    return list(Passage.objects.filter(lead=lead).select_related("stage", "owner", "team", "because").order_by("seq"))


@transaction.atomic
def _end(
    lead: Lead,
    *,
    outcome: Outcome,
    by: By,
    at: datetime,
    reason: str,
    because: ExitReason | None = None,
    rule: WakeRule | None = None,
    amount: Decimal | None = None,
    cause: AuditEntry | None = None,
) -> Passage:
    lead = locked(lead)
    before = lead.stage_id
    if because is not None and before is not None:
        because = exit_reasons.given(because.key, exit_=Exit(outcome.value), stage=before)
    passage = ledger.leave(lead, outcome=outcome, at=at, reason=reason.strip(), because=because, rule=rule, amount=amount)
    Lead.objects.filter(pk=lead.pk).update(stage=None, stage_since=at, ended_at=at, ended_as=outcome, updated_at=at)
    rule = rule or WakeRule()
    detail = {"from": before, "outcome": outcome, "wake_on": rule.on.isoformat() if rule.on else None, "wake_when": rule.words.strip()}
    entry = _write_move(lead, by=by, at=at, detail=detail | ({"because": because.key} if because else {}), text=reason.strip())
    own = audit.record(lead, action=outcome.value, by=by, at=at, changes={"stage": (before, None)})
    happening = Happening.MERGE if outcome is Outcome.MERGED else Happening.CLOSE
    notifications.tell_followers(following.about(lead), happening=happening, noun=lead.noun, cause=cause or own, by=by, at=at, entry=entry)
    bus.say(Moved(locked(lead), before=before, to=None, by=by, at=at))
    return passage


def _place(lead: Lead, *, stage: str, at: datetime, won: bool) -> None:
    values: dict[str, object] = {"stage": stage, "stage_since": at, "updated_at": at, **({"won_at": at} if won else {})}
    Lead.objects.filter(pk=lead.pk).update(**values)


def _write_move(lead: Lead, *, by: By, at: datetime, detail: Mapping[str, object], text: str = "") -> TimelineEntry:
    return TimelineEntry.objects.create(
        at=at, kind=timeline.Kind.MOVE, lead=lead, contact=lead.contact, account=lead.account, actor=by.actor, text=text, detail=detail
    )


def _next_seq_no(contact: Contact | None, *, previous: Lead | None) -> int:
    if previous:
        return previous.seq_no + 1
    if contact is None:
        return 1
    last = Lead.objects.filter(contact=contact).order_by("-seq_no").values_list("seq_no", flat=True).first()
    return (last or 0) + 1
