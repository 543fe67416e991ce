"""Custom fields on the pages of records: what stands in them, in words, and the form that fills them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.custom_fields import definitions, values
from tasuki.core.custom_fields.definitions import CustomField, FieldKind
from tasuki.core.edits import writing
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import barred, requirements
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.sales.opportunities import Opportunity
from tasuki.web import formats
from tasuki.web.custom_forms import CustomForm
from tasuki.web.records import carried_out, done
from tasuki.web.requests import UserRequest, by

# Whose records have fields, and what it takes to fill them in.
NOUNS: dict[str, tuple[Any, Ability]] = {
    "lead": (Lead, Ability.WORK_LEADS),
    "opportunity": (Opportunity, Ability.WORK_OPPORTUNITIES),
    "account": (Account, Ability.WORK_ACCOUNTS),
    "contact": (Contact, Ability.WORK_ACCOUNTS),
}


@dataclass(frozen=True)
class Said:
    """A value in the reader's words; `href` leads to what it names, `title` says it in full."""

    text: str = ""
    href: str = ""
    title: str = ""


@dataclass(frozen=True)
class Names:
    """What the people and accounts are called that values name: asked once for all rows of a page."""

    people: Mapping[int, str] = field(default_factory=dict)
    accounts: Mapping[int, str] = field(default_factory=dict)


def names_of(rows: Iterable[Any], fields: Sequence[CustomField], reader: User) -> Names:
    """The names that the values of these rows need, of those whom the reader may see: one query for each kind that is there."""
    rows = list(rows)
    people = _ids(rows, fields, FieldKind.PERSON)
    accounts = _ids(rows, fields, FieldKind.ACCOUNT)
    wanted = [one for one in fields if one.kind == FieldKind.PERSON], [one for one in fields if one.kind == FieldKind.ACCOUNT]
    return Names(
        {one.pk: one.display_name for one in User.objects.visible_to(reader).filter(pk__in=people)} if wanted[0] else {},
        dict(Account.objects.visible_to(reader).filter(pk__in=accounts).values_list("pk", "name")) if wanted[1] else {},
    )


def said(one: CustomField, row: Any, names: Names) -> Said:
    """The value of a record in a field, in words; without text where there is none."""
    value = values.of_record(one, row)
    kind = FieldKind(one.kind)
    if value is None:
        return Said()
    if kind is FieldKind.PERSON:
        return Said(names.people.get(value, ""), reverse("person", args=[value]) if value in names.people else "")
    if kind is FieldKind.ACCOUNT:
        seen = value in names.accounts
        return Said(names.accounts[value] if seen else _("an account that you do not see"), reverse("account", args=[value]) if seen else "")
    if kind is FieldKind.URL:
        return Said(value.removeprefix("https://").removeprefix("http://").rstrip("/"), value, value)
    if kind is FieldKind.MONEY:
        return Said(formats.money(value.amount, value.currency), title=formats.money_in_full(value.amount, value.currency))
    if kind is FieldKind.DATE:
        return Said(formats.day(value), title=value.isoformat())
    return Said(_in_words(one, value))


def exported(one: CustomField, row: Any, names: Names) -> list[Any]:
    """The value for a spreadsheet, in as many cells as the column has: money in two, several choices in one."""
    value = values.of_record(one, row)
    if one.kind == FieldKind.MONEY:
        return [value.amount, value.currency] if isinstance(value, Money) else [None, ""]
    if one.kind == FieldKind.CHECKBOX:
        return [_("yes") if value else _("no")]
    if value is None or one.kind in (FieldKind.NUMBER, FieldKind.DATE, FieldKind.URL):
        return [value]
    return [said(one, row, names).text]


def _in_words(one: CustomField, value: Any) -> str:
    if isinstance(value, Decimal):
        return formats.number(value, -int(value.as_tuple().exponent) if value != value.to_integral_value() else 0)
    if value is True:
        return _("yes")
    labels = values.plain(one, value)
    return ", ".join(labels) if isinstance(labels, list) else str(labels)


def _ids(rows: list[Any], fields: Sequence[CustomField], kind: FieldKind) -> set[int]:
    return {row.custom[one.slot] for one in fields if one.kind == kind for row in rows if one.slot in row.custom}


@dataclass(frozen=True)
class Facts:
    """The custom fields of one record as its page shows them; `change` is where they are filled in, "" for whoever may not."""

    fields: list[CustomField]
    facts: list[tuple[CustomField, Said]]
    change: str
    record: Any

    def missing_for(self, stage: str | None) -> list[str]:
        return missing_for(stage, self.record, self.fields)


def missing_for(stage: str | None, record: Any, fields: Iterable[CustomField]) -> list[str]:
    """What the reader has to fill in before the record can enter the stage."""
    return [one.name for one in requirements.missing(record, fields=fields, entering=stage)] if stage else []


def facts_of(request: UserRequest, record: Any) -> Facts:
    """All fields that the reader sees, those without a value too: it says what could be known."""
    fields = definitions.seen_by(request.user, record.noun)
    names = names_of([record], fields, request.user)
    may = abilities.can(request.user, NOUNS[record.noun][1]) and not barred.is_erased(record)
    facts = [(one, said(one, record, names)) for one in fields]
    return Facts(fields, facts, reverse("custom_values", args=[record.noun, record.pk]) if may and fields else "", record)


@require_http_methods(["GET", "POST"])
def change(request: UserRequest, noun: str, pk: int) -> HttpResponse:
    """Fill in all fields of a record in one form."""
    if noun not in NOUNS:
        raise Http404
    model, ability = NOUNS[noun]
    abilities.require(request.user, ability)
    record = get_object_or_404(model.objects.visible_to(request.user), pk=pk)
    fields = definitions.seen_by(request.user, noun)
    form = CustomForm(request.POST or None, fields=fields, record=record, reader=request.user)
    if request.method == "POST" and carried_out(form, lambda _said: writing.write(record, said=form.said(), seen=form.seen, by=by(request), at=now())):
        return done(request, _("The fields are saved."), name=noun, pk=pk)
    context = {"form": form, "record": record, "noun": noun, "fields": fields}
    return render(request, "custom_fields/values.jinja", context, status=422 if form.errors else 200)
