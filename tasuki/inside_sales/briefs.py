"""Briefs: what is read in a minute before one calls. Each line says where it is from and of when; what nobody knows is called unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, F, Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tasuki.crm import product_points, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, Consent, ConsentState
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Outcome, Passage
from tasuki.crm.product_points import Told
from tasuki.crm.timeline import Kind, TimelineEntry
from tasuki.engage import reach, recipients
from tasuki.engage.calls import Call
from tasuki.engage.dispositions import CONVERSATIONS
from tasuki.inside_sales import qualification
from tasuki.inside_sales.qualification import Facts

if TYPE_CHECKING:
    from tasuki.core.people import User

# What is older than this may have changed since.
STALE_AFTER = timedelta(days=180)
_LONGEST_WORDS = 400
_MOST_OTHERS = 3
_MOST_PAGES = 4
# So many of the newest orders are looked through for customers of an industry.
_MOST_ORDERS = 300
_SPOKEN = (Kind.CALL, Kind.NOTE, Kind.MAIL, Kind.MEETING)


@dataclass(frozen=True)
class Line:
    """One thing to know. `parts` are facts beside each other; `words` is what somebody said; none of both is unknown.

    `source` says where it is from, `on` of which day it is; `is_main` is what to begin with.
    """

    label: Any
    parts: tuple[str, ...] = ()
    words: str = ""
    source: str = ""
    on: date | None = None
    is_stale: bool = False
    is_main: bool = False
    href_lead: int | None = None

    @property
    def is_unknown(self) -> bool:
        return not (self.parts or self.words)


@dataclass(frozen=True)
class Brief:
    lines: tuple[Line, ...]
    facts: Facts
    question: str
    told: Told


def of(lead: Lead, *, reason: str, reader: User, at: datetime, facts: Facts | None = None, languages: Sequence[str] = ()) -> Brief:
    """All that is known of a lead before a call. `lead` is loaded `for_page`. Only what the reader may see stands in it.

    What is said of the product is in the first of the `languages` in which it was written.
    """
    facts = facts or qualification.of(lead)
    said_last = _last_words(lead, reader=reader, at=at)
    lines = (
        _why(lead, reason, at=at),
        _person(lead, at=at),
        _company(lead, reader=reader, at=at),
        *_customers(lead, reader=reader),
        *_visits(lead, reader=reader, at=at),
        _product(lead),
        *_reached(lead, at=at),
        said_last,
        *_pass_before(lead, reader=reader, at=at),
        *_others(lead, reader=reader),
        *_refusals(lead),
        _missing(facts),
    )
    question = next((str(one.question) for one in facts if not one.is_settled), "")
    return Brief(lines, facts, question, _told(lead, facts, heard=said_last.words, languages=languages))


def _told(lead: Lead, facts: Facts, *, heard: str, languages: Sequence[str]) -> Told:
    """What to say about the product to their industry; the competitor that they named, in the seven facts or in their last words, stands alone."""
    if lead.product is None:
        return Told()
    heard = " ".join([heard, *(fact.words for fact in facts)])
    return product_points.told(lead.product.points.all(), industry=lead.account.industry if lead.account else "", languages=languages, heard=heard)


def _line(label: Any, *parts: str, **more: Any) -> Line:
    return Line(label, tuple(part for part in parts if part), **more)


def _why(lead: Lead, reason: str, *, at: datetime) -> Line:
    since = _days_ago(at, lead.opened_at)
    came = " · ".join(filter(None, (lead.source, lead.source_detail)))
    origin = str(lead.get_origin_display())
    return _line(
        gettext_lazy("Why now"),
        reason,
        came if came != reason else "",
        origin,
        source=since,
        on=lead.opened_at.date(),
        is_stale=_is_stale(lead.opened_at, at),
        is_main=True,
    )


def _person(lead: Lead, *, at: datetime) -> Line:
    contact = lead.contact
    if contact is None:
        return _line(gettext_lazy("Person"))
    counted = Call.objects.filter(contact=contact, disposition__in=CONVERSATIONS).aggregate(n=Count("pk"), lasted=Avg(F("ended_at") - F("answered_at")))
    talks = ""
    if counted["n"]:
        lasted = int(counted["lasted"].total_seconds())
        talks = ngettext("%(n)s conversation, %(time)s long", "%(n)s conversations, %(time)s long on average", counted["n"])
        talks = talks % {"n": counted["n"], "time": f"{lasted // 60}:{lasted % 60:02}"}
    return _line(
        gettext_lazy("Person"), contact.title, contact.department, contact.roles, talks,
        source=_("contact"), on=contact.updated_at.date(), is_stale=_is_stale(contact.updated_at, at),
    )  # fmt: skip


def _company(lead: Lead, *, reader: User, at: datetime) -> Line:
    account = lead.account
    if account is None:
        return _line(gettext_lazy("Company"))
    people = ngettext("%(n)s employee", "%(n)s employees", account.n_employees) % {"n": f"{account.n_employees:,}"} if account.n_employees else ""
    return _line(
        gettext_lazy("Company"), account.industry, people, account.domain, _family(account, reader=reader),
        source=_("account"), on=account.updated_at.date(), is_stale=_is_stale(account.updated_at, at),
    )  # fmt: skip


def _family(account: Account, *, reader: User) -> str:
    """Sister companies that are customers already."""
    # The few companies first: their leads are looked up then, and not those of everybody that the reader sees.
    heads = [pk for pk in (account.pk, account.parent_id) if pk is not None]
    family = Account.objects.filter(Q(pk__in=heads) | Q(parent__in=heads)).values("pk")
    won = Lead.objects.visible_to(reader).filter(account__in=family, won_at__isnull=False).exclude(state="merged")
    names = list(dict.fromkeys(won.order_by("-won_at").values_list("account__name", flat=True)[:_MOST_OTHERS]))
    if account.name in names:
        return _("a customer already")
    return _("customers in the group: %(names)s") % {"names": ", ".join(names)} if names else ""


def _customers(lead: Lead, *, reader: User) -> list[Line]:
    """Who of their industry is our customer, of the newest orders: by name as far as the reader sees them, and how many there are."""
    account = lead.account
    if account is None or not account.industry:
        return []
    newest = Lead.objects.filter(won_at__isnull=False).exclude(state="merged").order_by("-won_at", "-pk").values("account")[:_MOST_ORDERS]
    there = Account.objects.filter(pk__in=newest, industry=account.industry).exclude(pk=account.pk)
    n = there.count()
    if not n:
        return []
    names = there.visible_to(reader).order_by("name", "pk").values_list("name", flat=True)[:_MOST_OTHERS]
    how_many = ngettext("%(n)s customer in %(industry)s", "%(n)s customers in %(industry)s", n) % {"n": n, "industry": account.industry}
    return [_line(gettext_lazy("Customers like them"), how_many, ", ".join(names), source=_("ledger"))]


def _product(lead: Lead) -> Line:
    product = lead.product
    return _line(gettext_lazy("Product"), *((product.name, product.line) if product else ()), source=_("lead") if product else "")


def _reached(lead: Lead, *, at: datetime) -> list[Line]:
    """In which hour of today their like are reached best, by their clock; no line where our calls do not say."""
    country = lead.account.country if lead.account else ""
    number = next((phone.e164 for phone in lead.contact.phones.all()), "") if lead.contact else ""
    known, there = reach.counted(country), at.astimezone(recipients.zone_of(lead, number=number))
    week, weekday = known.of(country), there.isoweekday()
    hour = week.best(weekday)
    if hour is None or known.counted_at is None:
        return []
    calls = week.heard((weekday, hour))
    words = _("today from %(from)s to %(until)s there: %(reached)s of %(n)s calls")
    told = words % {"from": f"{hour}:00", "until": f"{hour + 1}:00", "reached": calls.n_reached, "n": calls.n}
    return [_line(gettext_lazy("Reached best"), told, source=_("our calls"), on=known.counted_at.date())]


def _visits(lead: Lead, *, reader: User, at: datetime) -> list[Line]:
    """Which of our pages the person read last, and how often; no line where nobody saw them read any."""
    if lead.contact_id is None:
        return []
    seen = TimelineEntry.objects.visible_to(reader).filter(contact=lead.contact_id, kind=Kind.VISIT, at__gte=at - STALE_AFTER).exclude(text="")
    pages = list(seen.order_by().values("text").annotate(n=Count("pk"), last=Max("at")).order_by("-last")[:_MOST_PAGES])
    told = [page["text"] if page["n"] == 1 else _("%(page)s (%(n)s times)") % {"page": page["text"], "n": page["n"]} for page in pages]
    return [_line(gettext_lazy("Pages read"), *told, source=_("web visits"), on=pages[0]["last"].date())] if pages else []


def _last_words(lead: Lead, *, reader: User, at: datetime) -> Line:
    """What they said last, or what we wrote down of it, whoever did."""
    if lead.contact_id is None:
        return _line(gettext_lazy("Last words"))
    said = TimelineEntry.objects.visible_to(reader).filter(contact=lead.contact_id, kind__in=_SPOKEN).exclude(text="").select_related("actor")
    last = said.order_by("-at", "-pk").first()
    if last is None:
        return _line(gettext_lazy("Last words"))
    who = last.actor.display_name if last.actor else ""
    return Line(gettext_lazy("Last words"), words=last.text[:_LONGEST_WORDS], source=who, on=last.at.date(), is_stale=_is_stale(last.at, at))


def _pass_before(lead: Lead, *, reader: User, at: datetime) -> list[Line]:
    """Why the pass before ended, and what would change it."""
    if lead.previous_id is None:
        return []
    last = Passage.objects.filter(lead=lead.previous_id, lead__in=Lead.objects.visible_to(reader)).select_related("because").order_by("-seq").first()
    if last is None or last.outcome != Outcome.RECYCLED or last.left_at is None:
        return []
    reason = " · ".join(filter(None, (str(last.because) if last.because else "", last.reason)))
    what = _("would change it: %(what)s") % {"what": last.wake_when} if last.wake_when else ""
    line = _line(
        gettext_lazy("Pass before"), _("recycled: %(reason)s") % {"reason": reason}, what, source=_("ledger"), on=last.left_at.date(),
        is_stale=_is_stale(last.left_at, at), href_lead=lead.previous_id,
    )  # fmt: skip
    return [line]


def _others(lead: Lead, *, reader: User) -> list[Line]:
    """Who else of ours talks to the company: an open deal first."""
    if lead.account_id is None:
        return []
    rows = Lead.objects.visible_to(reader).in_process().filter(account=lead.account_id, won_at__isnull=True).exclude(pk=lead.pk)
    rows = rows.select_related("contact", "account", "owner", "team", "stage").order_by("-stage__position", "-opened_at")[:_MOST_OTHERS]
    told = []
    for one in rows:
        whose = one.owner.display_name if one.owner else one.team.name
        deal = _("open deal") if one.stage_id in stages.IN_SALES else _("open lead")
        told.append(_("%(what)s in %(stage)s: %(person)s, with %(whose)s") % {"what": deal, "stage": one.stage, "person": one.title, "whose": whose})
    return [_line(gettext_lazy("Also there"), *told, source=_("leads"))] if told else []


def _refusals(lead: Lead) -> list[Line]:
    """By which ways the person does not want to hear from us."""
    if lead.contact_id is None:
        return []
    latest = Consent.objects.filter(contact=lead.contact_id).order_by("channel", "-at", "-pk").distinct("channel")
    no = [one for one in latest if one.state in {ConsentState.REFUSED, ConsentState.WITHDRAWN}]
    told = [_("no %(channel)s") % {"channel": Channel(one.channel).label} for one in no]
    return [_line(gettext_lazy("Does not want"), *told, source=no[0].how, on=no[0].at.date())] if no else []


def _missing(facts: Facts) -> Line:
    open_ = [str(fact.label) for fact in facts.missing]
    return _line(gettext_lazy("Still open"), *(open_ or [_("nothing: all seven facts are there")]))


def _days_ago(at: datetime, since: datetime) -> str:
    n = max((at - since).days, 0)
    return ngettext("%(n)s day ago", "%(n)s days ago", n) % {"n": n} if n else _("today")


def _is_stale(moment: datetime, at: datetime) -> bool:
    return at - moment > STALE_AFTER
