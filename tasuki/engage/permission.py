"""Permission: may this person be reached now, by this channel? The one question that whoever is about to act asks, at the moment of acting.

The answer looks at blocks, at what the person said last, at what their country asks, and at their clock. What is not known is not allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core.organisation import the_organisation
from tasuki.crm import emails
from tasuki.crm.contacts import Basis, Channel, Consent, ConsentState, Contact
from tasuki.crm.emails import EmailInvalid
from tasuki.engage import blocks, contact_rules, recipients
from tasuki.engage.contact_rules import ContactRule, Need

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

# A calendar of quiet, calling hours and lunch comes round within a day; on the days of a change of clocks within two.
_MOST_STEPS = 12
# What one person writes to another by these asks for no consent beforehand; a no, a block and the night hold it back as they do everything.
_WRITTEN = (Channel.MAIL, Channel.MESSAGE, Channel.POST)


class Purpose(models.TextChoices):
    """`personal` is one person writing to another about their business; a call is one always, and the table of the country rules it."""

    MARKETING = "marketing", gettext_lazy("advertising")
    PERSONAL = "personal", gettext_lazy("person to person")


@dataclass(frozen=True)
class Allowed:
    """By which basis: what a record of the sending may name."""

    basis: str = ""


@dataclass(frozen=True)
class Refused:
    """`code` for programs, `reason` for people; `until` is the moment from which it is allowed, None when no time heals it."""

    code: str
    reason: _StrOrPromise
    until: datetime | None = None


Answer = Allowed | Refused


@dataclass(frozen=True)
class Look:
    """What several questions about one person have in common: the rule of their country, which of their numbers and addresses are blocked, and the
    time zone of the house, for whoever says none.
    """

    country: str
    rule: ContactRule
    known: frozenset[str]
    blocked: frozenset[str]
    house_zone: str


def look(contact: Contact) -> Look:
    numbers, addresses = [one.e164 for one in contact.phones.all()], {one.key: one.address for one in contact.emails.all()}
    blocked = blocks.among(numbers=numbers, addresses=list(addresses))
    blocked = frozenset(addresses.get(value, value) for value in blocked)
    country = country_of(contact)
    return Look(country, contact_rules.of(country), frozenset([*numbers, *addresses.values()]), blocked, the_organisation().time_zone)


def look_at_numbers(contacts: Iterable[Contact]) -> dict[int, Look]:
    """Of each person, by their id, what questions about calling them have in common: a few queries however many, where their numbers and accounts are
    loaded."""
    people, house = list(contacts), the_organisation()
    countries = {one.pk: (one.account.country if one.account else "") or house.country for one in people}
    numbers = {one.pk: frozenset(phone.e164 for phone in one.phones.all()) for one in people}
    rules = contact_rules.of_each(countries.values())
    blocked = blocks.among(numbers=sorted(frozenset[str]().union(*numbers.values())))
    return {pk: Look(countries[pk], rules[countries[pk]], known, known & blocked, house.time_zone) for pk, known in numbers.items()}


def may(contact: Contact, *, channel: str, at: datetime, value: str = "", purpose: str = Purpose.MARKETING, seen: Look | None = None) -> Answer:
    """Whether the contact may be reached at `value` (a number in E.164 or an address; the main one without), by the channel, at that moment.

    With `seen`, of this very moment, several questions cost as much as one.
    """
    value = value or _main(contact, channel)
    if not value and channel in (Channel.PHONE, Channel.MAIL):
        return Refused("no_address", _("No number is known.") if channel == Channel.PHONE else _("No address is known."))
    if value in seen.blocked if seen and value in seen.known else _is_blocked(channel, value):
        return Refused("blocked", _("This number or address is blocked: nobody reaches it any more."))
    country = seen.country if seen else country_of(contact)
    rule = seen.rule if seen else contact_rules.of(country)
    words = _words(contact, channel, purpose=purpose)
    answer = _by_word(words, rule=rule, channel=channel, purpose=purpose, at=at)
    if isinstance(answer, Refused):
        return answer
    if channel == Channel.POST:
        return answer
    number = value if channel in (Channel.PHONE, Channel.MESSAGE) else ""
    zones = recipients.zones_at(country, number=number, house=seen.house_zone if seen else "")
    return _by_clock(rule, channel, has_night=_has_night(words, at=at), zones=zones, at=at) or answer


def country_of(contact: Contact) -> str:
    """Of the company, else of the organisation: a colleague in the next street is the likeliest."""
    return (contact.account.country if contact.account else "") or the_organisation().country


def _main(contact: Contact, channel: str) -> str:
    match channel:
        case Channel.MAIL:
            return contact.main_email
        case Channel.PHONE | Channel.MESSAGE:
            return contact.main_phone
    return ""


def _is_blocked(channel: str, value: str) -> bool:
    match channel:
        case Channel.MAIL:
            try:
                return blocks.is_blocked(address=emails.normalise(value)[1])
            except EmailInvalid:
                return True  # whatever cannot be read cannot be looked up
        case Channel.PHONE | Channel.MESSAGE:
            return bool(value) and blocks.is_blocked(number=value)  # a message may go by a network that has no numbers
    return False


def _words(contact: Contact, channel: str, *, purpose: str) -> Sequence[Consent]:
    """What the person said about the channel, newest first. What was given for talk from person to person gives no advertising; a no counts for all."""
    said = [word for word in contact.consents.all() if word.channel == channel]
    return [word for word in said if word.state != ConsentState.GIVEN or word.purpose in {Purpose.MARKETING, purpose}]


def _by_word(words: Sequence[Consent], *, rule: ContactRule, channel: str, purpose: str, at: datetime) -> Answer:
    words = [word for word in words if word.at <= at]
    last = words[0] if words else None
    if last is not None and last.state != ConsentState.GIVEN:
        return Refused("refused", _("The person does not want it: %(state)s.") % {"state": last.get_state_display()})
    need = rule.need(channel)
    if need is Need.NO_REFUSAL or (purpose == Purpose.PERSONAL and channel in _WRITTEN):
        return Allowed(last.basis if last else "no_refusal")
    if last is None:
        return Refused("unknown", _("Nothing is known of a consent, and their country asks for one."))
    if last.until_on is not None and at.date() > last.until_on:
        return Refused("expired", _("What allowed it has expired."))
    if last.basis != Basis.CONSENT and need is Need.CONSENT:
        return Refused("basis", _("Their country asks for a consent; another basis does not do."))
    if last.basis == Basis.EXISTING_BUSINESS and last.until_on is None and at > last.at + timedelta(days=rule.basis_days):
        return Refused("expired", _("What allowed it has expired."))
    return Allowed(last.basis)


def _has_night(words: Sequence[Consent], *, at: datetime) -> bool:
    """A consent that names the night, and no no since."""
    for word in words:
        if word.at > at:
            continue
        if word.state != ConsentState.GIVEN:
            return False
        if word.covers_night and (word.until_on is None or at.date() <= word.until_on):
            return True
    return False


def _by_clock(rule: ContactRule, channel: str, *, has_night: bool, zones: Sequence[ZoneInfo], at: datetime) -> Refused | None:
    """Refused with the moment at which it is allowed, by the quiet hours and, for calls, the calling hours of the country. Where we do not
    know in which of its zones the person is, it must be time in all of them.
    """
    moment, first, code = at, "", ""
    for _step in range(_MOST_STEPS):
        closed = [one for zone in zones if (one := _closed(rule, channel, has_night=has_night, zone=zone, at=moment))[0]]
        code = closed[0][0] if closed else ""
        if not code:
            break
        first, moment = first or code, max(ends for _code, ends in closed)
    if not first:
        return None
    until = None if code else moment
    if first == "quiet":
        return Refused("quiet", _("Quiet hours where the person is, until %(clock)s.") % {"clock": _clock(rule.quiet_until)}, until)
    if first == "lunch":
        return Refused("lunch", _("It is lunch time where the person is."), until)
    said = {"from": _clock(rule.calls_from), "until": _clock(rule.calls_until)}
    return Refused("hours", _("People are called from %(from)s to %(until)s by their own clock.") % said, until)


def _closed(rule: ContactRule, channel: str, *, has_night: bool, zone: tzinfo, at: datetime) -> tuple[str, datetime]:
    """What closes the moment, "" for nothing, and when that ends."""
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    if not has_night and _is_within(minute, rule.quiet_from, rule.quiet_until):
        return "quiet", _next(local, rule.quiet_until, zone)
    if channel == Channel.PHONE:
        if not rule.calls_from <= minute < rule.calls_until:
            return "hours", _next(local, rule.calls_from, zone)
        if rule.lunch_from is not None and rule.lunch_until is not None and rule.lunch_from <= minute < rule.lunch_until:
            return "lunch", _next(local, rule.lunch_until, zone)
    return "", at


def _is_within(minute: int, first: int, end: int) -> bool:
    if first == end:
        return False
    return first <= minute < end if first < end else minute >= first or minute < end


def _next(local: datetime, minute: int, zone: tzinfo) -> datetime:
    """The next moment at which a clock in `zone` shows the minute. What it shows twice is meant as the second time and what it leaves out as
    the time after the gap, so that nobody is early.
    """
    now, day = local.astimezone(UTC), local.date()
    for _step in range(3):
        wall = datetime.combine(day, time(minute // 60 % 24, minute % 60), zone)
        moment = max(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        if moment > now:
            return moment
        day += timedelta(days=1)
    return now + timedelta(days=1)


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
