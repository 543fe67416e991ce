"""Records beside each other, field by field: where they differ, which value is proposed, and what hangs on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tasuki.core.custom_fields.definitions import CustomField
from tasuki.crm import merging, phones
from tasuki.crm.contacts import Consent
from tasuki.crm.merges import choosing, contents
from tasuki.crm.merges.choosing import Choice
from tasuki.web import custom_values, formats
from tasuki.web.custom_values import Names
from tasuki.web.requests import UserRequest


@dataclass(frozen=True)
class Cell:
    """What one record says, line by line; nothing where it says nothing."""

    pk: int
    lines: list[str]
    is_chosen: bool = False


@dataclass(frozen=True)
class Row:
    """One field of all records. `key` names the choice; without one there is nothing to choose: everything stays, or all say the same."""

    label: str
    cells: list[Cell]
    key: str = ""
    note: str = ""

    @property
    def differs(self) -> bool:
        return len({tuple(cell.lines) for cell in self.cells if cell.lines}) > 1


@dataclass(frozen=True)
class Table:
    survivor_id: int
    rows: list[Row]
    amounts: list[contents.Amount]


def table(request: UserRequest, noun: str, records: Sequence[Any], *, survivor_id: int | None = None, chosen: Mapping[str, int] | None = None) -> Table:
    """What the reader may see of the records, with what they chose, else with what is proposed."""
    those = merging.fields_of(noun, reader=request.user)
    survivor = next((one for one in records if one.pk == survivor_id), None) or choosing.likeliest_survivor(records, those)
    custom = [choice.custom for choice in those if choice.custom]
    names = custom_values.names_of(records, custom, request.user)
    rows = _facts(noun, records)
    for choice in those:
        row = _row(choice, records, names=names, chosen=(chosen or {}).get(choice.key), survivor=survivor)
        if any(cell.lines for cell in row.cells):
            rows.append(row)
    return Table(survivor.pk, rows, contents.hanging_on(type(survivor), [one.pk for one in records]))


def _row(choice: Choice, records: Sequence[Any], *, names: Names, chosen: int | None, survivor: Any) -> Row:
    pick = chosen or choosing.proposed(choice, records, survivor=survivor).pk
    cells = [Cell(one.pk, _lines(choice, one, names), one.pk == pick) for one in records]
    values = {choice.value(one) for one in records if not choice.is_empty(one)} if not choice.custom else {tuple(cell.lines) for cell in cells if cell.lines}
    notes = {"email": _("All addresses stay; choose the main one."), "phone": _("All numbers stay; choose the main one.")}
    return Row(capfirst(str(choice.label)), cells, key=choice.key if len(values) > 1 else "", note=notes.get(choice.key, "") if len(values) > 1 else "")


def _lines(choice: Choice, record: Any, names: Names) -> list[str]:
    if choice.custom:
        return _custom(choice.custom, record, names)
    return [line for line in _WORDS.get(choice.key, _plain)(record, choice) if line]


def _custom(field: CustomField, record: Any, names: Names) -> list[str]:
    text = custom_values.said(field, record, names).text
    return [text] if text else []


def _plain(record: Any, choice: Choice) -> list[str]:
    value = getattr(record, choice.attributes[0])
    return [formats.number(value) if isinstance(value, int) else str(value or "")]


_WORDS: dict[str, Callable[[Any, Choice], list[str]]] = {
    "name": lambda record, _choice: [str(record)],
    "number": lambda record, _choice: [formats.country(record.country), record.corporate_number],
    "parent": lambda record, _choice: [record.parent.name if record.parent else ""],
    "owner": lambda record, _choice: [record.owner.display_name if record.owner else record.team.name],
    "account": lambda record, _choice: [record.account.name if record.account else ""],
    "email": lambda record, _choice: [one.address for one in record.emails.all()],
    "phone": lambda record, _choice: [phones.display(one.e164) for one in record.phones.all()],
}


def _facts(noun: str, records: Sequence[Any]) -> list[Row]:
    """What is shown and not chosen."""
    if noun == "contact":
        note = _("The stricter of what was recorded holds from now on.")
        return [Row(_("Consent"), [Cell(one.pk, _consents(one)) for one in records], note=note)] if any(_consents(one) for one in records) else []
    if noun != "lead":
        return []
    asked: tuple[tuple[str, Callable[[Any], str]], ...] = (
        (_("Contact"), lambda lead: lead.contact.display_name if lead.contact else ""),
        (_("Account"), lambda lead: lead.account.name if lead.account else ""),
        (_("Stage"), lambda lead: lead.stage.name if lead.stage else lead.get_ended_as_display()),
        (_("Product"), lambda lead: lead.product.name if lead.product else ""),
        (_("Source"), lambda lead: lead.source),
        (_("Owner"), lambda lead: lead.owner.display_name if lead.owner else lead.team.name),
        (_("Opened"), lambda lead: formats.day(lead.opened_at)),
    )
    return [Row(label, [Cell(one.pk, [text] if (text := said(one)) else []) for one in records]) for label, said in asked]


def _consents(contact: Any) -> list[str]:
    """The present state of each channel: the rows come newest first."""
    latest: dict[str, Consent] = {}
    for consent in contact.consents.all():
        latest.setdefault(consent.channel, consent)
    return [f"{consent.get_channel_display()}: {consent.get_state_display()}" for _channel, consent in sorted(latest.items())]
