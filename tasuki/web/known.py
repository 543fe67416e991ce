"""Adding a record that is probably there, or making one look like another: what was typed beside what is there, and the ways on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.errors import Forbidden, Refused
from tasuki.crm import carriers, phones
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.duplicates import AlreadyKnown, Key, Match
from tasuki.crm.leads import Lead
from tasuki.web import custom_beside, formats, merges, toasts
from tasuki.web.custom_forms import CustomForm
from tasuki.web.record_form import RecordForm
from tasuki.web.records import carried_out, done
from tasuki.web.requests import UserRequest, by, record_id

_SHOWN = 4

# A field of the comparison: its label, what was typed, and what a record says there.
Compared = tuple[str, str, Callable[[Any], str]]


@dataclass(frozen=True)
class Cell:
    text: str
    differs: bool


@dataclass(frozen=True)
class Beside:
    """A record that is there and may be seen. `cells` stand in the order of the labels; `leads` are its open leads.

    `merge` is where it stands beside the one that is changed, for whoever may merge them.
    """

    pk: int
    name: str
    href: str
    why: str
    cells: list[Cell]
    leads: list[Lead] = field(default_factory=list)
    merge: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """A record that is there and must not be seen: who carries it, and nothing else."""

    pk: int
    who: str
    can_ask: bool


@dataclass(frozen=True)
class Known:
    noun: str
    typed: list[tuple[str, str]]
    beside: list[Beside]
    elsewhere: list[Elsewhere]
    may_be_another: bool
    can_add: bool
    can_use: bool
    is_change: bool = False


@dataclass(frozen=True)
class Ways:
    """What can be done with a record that is there: `add` fills in what is new, `use` goes on with it as it is."""

    add: Callable[[Any], Any] | None = None
    use: Callable[[Any], Any] | None = None


def tried(request: UserRequest, form: forms.Form, verb: Callable[[str], Any], *, ways: Ways, more: CustomForm | None = None) -> tuple[Any, Known | None]:
    """(what the verb, or the way that was chosen, answers, None); (None, what is there) when it is known; (None, None) for any other refusal.

    `verb` takes why the record is another one. Why something is refused stands on the form. `more` says custom fields of the same record.
    """
    if not form.is_valid():
        return None, None
    way, _colon, chosen = request.POST.get("way", "").partition(":")
    another = request.POST.get("another", "").strip()[:200] if way == "another" else ""
    try:
        return verb(another), None
    except AlreadyKnown as known:
        return _on(request, form, known, way=way, chosen=record_id(chosen), ways=ways, more=more)
    except Forbidden:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return None, None


def changed(request: UserRequest, form: RecordForm, verb: Callable[[str], Any]) -> tuple[Any, Known | None]:
    """(what the verb answers, None); (None, what the change makes the record look like); (None, None) for any other refusal.

    `verb` takes why the record is another one. Why something is refused stands on the form.
    """
    way, _colon, chosen = request.POST.get("way", "").partition(":")
    another = request.POST.get("another", "").strip()[:200] if way == "another" else ""
    answer = carried_out(form, lambda _said: verb(another))
    if form.met is None:
        return answer, None
    if way == "another":
        form.add_error(None, _("Say why it is another one."))
    return _on(request, form, form.met, way=way if way == "ask" else "", chosen=record_id(chosen), ways=Ways())


def _on(
    request: UserRequest, form: forms.Form, known: AlreadyKnown, *, way: str, chosen: int | None, ways: Ways, more: CustomForm | None = None
) -> tuple[Any, Known | None]:
    """The way that somebody chose among what is there; only what has the keys of their form can be chosen."""
    if way == "ask" and chosen in [match.pk for match in known.matches]:
        return _asked(request, known.noun, chosen or 0), None
    record = _rows(request, known.noun).filter(pk=chosen).first() if chosen in [match.pk for match in known.matches] else None
    verb = {"add": ways.add, "use": ways.use}.get(way)
    if record is not None and verb is not None:
        try:
            return verb(record), None
        except Forbidden:
            raise
        except Refused as refusal:
            form.add_error(None, str(refusal))
    elif way == "another":
        form.add_error(None, _("Say why it is another one."))
    return None, _shown(request, form, known, ways=ways, more=more)


def _asked(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    if carriers.ask(pk, noun=noun, by=by(request), at=now()):
        toasts.say(request, _("They are asked: it is a task of theirs now."))
    return redirect(reverse("home"))


def _shown(request: UserRequest, form: forms.Form, known: AlreadyKnown, *, ways: Ways, more: CustomForm | None) -> Known:
    rows = {one.pk: one for one in _rows(request, known.noun).filter(pk__in=[match.pk for match in known.matches])}
    changes = form.record if isinstance(form, RecordForm) else None
    merge_with = changes.pk if changes is not None and abilities.can(request.user, Ability.MERGE_RECORDS) else None
    compared = (_company if known.noun == "account" else _person)(form.cleaned_data if changes is None else _would_be(changes, form.cleaned_data))
    hidden = abilities.standing_of(request.user).hides(known.noun)
    compared = [one for one in compared if not (hidden and one[0] in (_("Mail"), _("Telephone")))]
    stated = changes or (custom_beside.typed(more.custom.values(), more.filled()) if more else None)
    compared += custom_beside.compared(known.noun, stated, list(rows.values())[:_SHOWN], reader=request.user)
    leads = _open_leads(request, rows) if known.noun == "contact" else {}
    beside = [
        _beside(match, rows[match.pk], compared=compared, leads=leads, merge=merges.address(known.noun, [merge_with, match.pk]) if merge_with else "")
        for match in known.matches
        if match.pk in rows
    ]
    return Known(
        noun=known.noun,
        typed=[(label, typed) for label, typed, _there in compared],
        beside=beside[:_SHOWN],
        elsewhere=elsewhere(known.noun, [match.pk for match in known.matches if match.pk not in rows][:_SHOWN]),
        may_be_another=not any(Key.NUMBER in match.keys for match in known.matches),
        can_add=ways.add is not None,
        can_use=ways.use is not None and known.noun == "contact",
        is_change=changes is not None,
    )


def _would_be(record: Any, said: dict[str, Any]) -> dict[str, Any]:
    """What would be known of the record, in the words of a form that adds one."""
    if isinstance(record, Account):
        return {name: getattr(record, name) for name in ("name", "domain", "industry", "country", "corporate_number")} | said
    stands = {name: getattr(record, name) for name in ("family_name", "given_name", "title", "account")}
    mails = said.get("emails", [mail.address for mail in record.emails.all()])
    numbers = said.get("phones", [phones.display(number.e164) for number in record.phones.all()])
    return stands | said | {"email": ", ".join(mails), "phone": ", ".join(numbers)}


def _beside(match: Match, record: Any, *, compared: Sequence[Compared], leads: dict[int, list[Lead]], merge: str) -> Beside:
    cells = [Cell(text := there(record), bool(typed and text and typed.casefold() != text.casefold())) for _label, typed, there in compared]
    why = ", ".join(str(key.label) for key in match.keys)
    return Beside(match.pk, str(record), reverse(record.noun, args=[match.pk]), why, cells, leads.get(match.pk, []), merge)


def _rows(request: UserRequest, noun: str) -> Any:
    if noun == "account":
        return Account.objects.visible_to(request.user).for_page()
    return Contact.objects.visible_to(request.user).for_page()


def _open_leads(request: UserRequest, contacts: dict[int, Contact]) -> dict[int, list[Lead]]:
    found: dict[int, list[Lead]] = {}
    for lead in Lead.objects.visible_to(request.user).in_process().filter(contact__in=list(contacts)).for_listing().newest_first()[:20]:
        found.setdefault(lead.contact_id or 0, []).append(lead)
    return found


def elsewhere(noun: str, ids: Sequence[int]) -> list[Elsewhere]:
    """Who carries these records, for somebody who must not see them."""
    found = (carriers.of_accounts if noun == "account" else carriers.of_contacts)(ids) if ids else {}
    shown = []
    for pk, carrier in found.items():
        team, owner = carrier.team.name if carrier.team else "", carrier.owner.display_name if carrier.owner else ""
        who = _("%(owner)s, %(team)s") % {"owner": owner, "team": team} if owner and team else owner or team or _("nobody yet")
        shown.append(Elsewhere(pk, who, carrier.owner is not None))
    return shown


def _company(said: dict[str, Any]) -> list[Compared]:
    return [
        (_("Name"), said.get("name") or str(said.get("account") or ""), lambda one: one.name),
        (_("Domain"), said.get("domain", ""), lambda one: one.domain),
        (_("Industry"), said.get("industry", ""), lambda one: one.industry),
        (_("Country"), formats.country(said.get("country", "")), lambda one: formats.country(one.country)),
        (_("Corporate number"), said.get("corporate_number", ""), lambda one: one.corporate_number),
        (_("Owner"), "", lambda one: one.owner.display_name if one.owner else one.team.name),
    ]


def _person(said: dict[str, Any]) -> list[Compared]:
    name = said.get("full_name") or str(Contact(family_name=said.get("family_name", ""), given_name=said.get("given_name", "")))
    return [
        (_("Name"), name, str),
        (_("Job title"), said.get("title", ""), lambda one: one.title),
        (_("Account"), str(said.get("account") or ""), lambda one: one.account.name if one.account else ""),
        (_("Mail"), said.get("email", ""), lambda one: ", ".join(mail.address for mail in one.emails.all())),
        (_("Telephone"), said.get("phone", ""), lambda one: ", ".join(phones.display(number.e164) for number in one.phones.all())),
    ]


def answered(request: UserRequest, record: Any, sentence: str) -> HttpResponse:
    """To what was added, to what was added to, or wherever the way leads."""
    if isinstance(record, HttpResponse):
        return record
    if request.POST.get("way", "").startswith("add:"):
        sentence = _("What was new is added to this one.")
    return done(request, sentence, name=record.noun, pk=record.pk)
