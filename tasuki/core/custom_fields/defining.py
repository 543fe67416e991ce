"""Making and changing custom fields and their choices. What is taken out of use stays, with all its values, and can come back."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import ABILITIES, Ability, Role
from tasuki.core.audit import By
from tasuki.core.custom_fields import indexing
from tasuki.core.custom_fields.definitions import WITH_CHOICES, CustomChoice, CustomField, FieldKind, FieldNoun
from tasuki.core.errors import Refused

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

Placed = TypeVar("Placed", CustomField, CustomChoice)

MOST_FIELDS, MOST_CHOICES = 200, 500
LONGEST_LABEL, LONGEST_CHOICE, LONGEST_HELP = 60, 80, 300
# Held while fields are made and placed, so that two people never give two fields one name or one place.
_LOCK = 0x7A5F1E1D


class FieldLabelWrong(Refused):
    code = "field_label_wrong"

    def __init__(self) -> None:
        super().__init__(_("Give the field a name of at most %(n)s characters, without signs that no text has.") % {"n": LONGEST_LABEL})


class FieldLabelTaken(Refused):
    code = "field_label_taken"

    def __init__(self, label: str) -> None:
        super().__init__(_("There is a field called “%(name)s” already.") % {"name": label})


class TooManyFields(Refused):
    code = "too_many_fields"

    def __init__(self) -> None:
        super().__init__(_("There are %(n)s fields already, and nobody fills in more. Archive one first.") % {"n": MOST_FIELDS})


class ChoicesWrong(Refused):
    code = "choices_wrong"

    def __init__(self, reason: _StrOrPromise) -> None:
        super().__init__(reason)


class CannotHideFromEditors(Refused):
    code = "cannot_hide_from_editors"

    def __init__(self) -> None:
        super().__init__(_("Who may edit custom fields sees them all."))


@dataclass(frozen=True)
class Wording:
    """What a field is called, the help beside it, and the roles that do not see it."""

    label: str
    label_en: str = ""
    label_ko: str = ""
    label_ja: str = ""
    help_text: str = ""
    hidden_from: Sequence[str] = ()

    def columns(self) -> dict[str, Any]:
        """As the table holds it. Raises FieldLabelWrong, CannotHideFromEditors."""
        texts = {name: " ".join(getattr(self, name).split()) for name in ("label", "label_en", "label_ko", "label_ja", "help_text")}
        if not texts["label"] or any(len(text) > (LONGEST_HELP if name == "help_text" else LONGEST_LABEL) for name, text in texts.items()):
            raise FieldLabelWrong
        if any(_is_unreadable(text) for text in texts.values()):
            raise FieldLabelWrong
        if set(self.hidden_from) & ABILITIES[Ability.EDIT_FIELDS]:
            raise CannotHideFromEditors
        return {**texts, "hidden_from": sorted(Role(role).value for role in set(self.hidden_from))}


@transaction.atomic
def define(noun: FieldNoun, *, kind: FieldKind, wording: Wording, by: By, at: datetime, choices: Sequence[str] = ()) -> CustomField:
    """A new field, the last of its noun. Raises Forbidden, FieldLabelWrong, FieldLabelTaken, TooManyFields, CannotHideFromEditors, ChoicesWrong."""
    _require(by)
    _hold()
    columns = wording.columns()
    there = CustomField.objects.of_noun(noun)
    if there.in_use().count() >= MOST_FIELDS:
        raise TooManyFields
    _refuse_taken(noun, columns["label"])
    field = CustomField.objects.create(noun=noun, kind=kind, position=_last(there) + 1, created_at=at, **columns)
    audit.record(field, action="add", by=by, at=at, changes={"noun": (None, noun.value), "kind": (None, kind.value), "label": (None, field.label)})
    if kind in WITH_CHOICES:
        add_choices(field, labels=choices, by=by, at=at)
    indexing.keep_index.defer(field_id=field.pk)
    return field


@transaction.atomic
def change(field: CustomField, *, wording: Wording, by: By, at: datetime) -> CustomField:
    """Say anew what it is called and who sees it. Raises as `define`."""
    _require(by)
    _hold()
    field = CustomField.objects.get(pk=field.pk)
    columns = wording.columns()
    _refuse_taken(field.noun, columns["label"], but=field)
    if changes := audit.difference(field, columns):
        CustomField.objects.filter(pk=field.pk).update(**columns)
        audit.record(field, action="change", by=by, at=at, changes=changes)
    field.refresh_from_db()
    return field


@transaction.atomic
def archive(field: CustomField, *, by: By, at: datetime) -> CustomField:
    """Take it out of pages, lists, filters and imports; its values stay. Archiving twice changes nothing."""
    return _set_archived(field, moment=at, by=by, at=at)


@transaction.atomic
def restore(field: CustomField, *, by: By, at: datetime) -> CustomField:
    """Bring it back with all its values. Raises FieldLabelTaken, TooManyFields."""
    return _set_archived(field, moment=None, by=by, at=at)


@transaction.atomic
def move(field: CustomField, *, up: bool, by: By, at: datetime) -> None:
    """One place up or down among the fields of its noun that are in use; at the end nothing changes."""
    _require(by)
    _hold()
    _swap(field, list(CustomField.objects.of_noun(field.noun).in_use()), up=up, by=by, at=at)


@transaction.atomic
def add_choices(field: CustomField, *, labels: Sequence[str], by: By, at: datetime) -> list[CustomChoice]:
    """More choices, after those that are there. Raises Forbidden, ChoicesWrong."""
    _require(by)
    _hold()
    wanted = [label for label in (" ".join(label.split()) for label in labels) if label]
    there = list(field.choice_set.all())
    if len(there) + len(wanted) > MOST_CHOICES:
        raise ChoicesWrong(_("A field has at most %(n)s choices.") % {"n": MOST_CHOICES})
    if not there and not wanted:
        raise ChoicesWrong(_("Write at least one choice, each on its own line."))
    taken = {choice.label.casefold() for choice in there}
    for label in wanted:
        _refuse_choice(label, taken)
        taken.add(label.casefold())
    first = max((choice.position for choice in there), default=0) + 1
    made = CustomChoice.objects.bulk_create(CustomChoice(field=field, label=label, position=first + nth) for nth, label in enumerate(wanted))
    if made:
        audit.record(field, action="change", by=by, at=at, changes={"choices": (None, wanted)})
    return made


@transaction.atomic
def rename_choice(choice: CustomChoice, *, label: str, by: By, at: datetime) -> CustomChoice:
    """Call it otherwise, wherever it was chosen. Raises Forbidden, ChoicesWrong."""
    _require(by)
    _hold()
    label, before = " ".join(label.split()), CustomChoice.objects.get(pk=choice.pk).label
    _refuse_choice(
        label, {other.casefold() for other in CustomChoice.objects.filter(field=choice.field_id).exclude(pk=choice.pk).values_list("label", flat=True)}
    )
    if label != before:
        CustomChoice.objects.filter(pk=choice.pk).update(label=label)
        audit.record(choice.field, action="change", by=by, at=at, changes={"choices": (before, label)})
    choice.refresh_from_db()
    return choice


@transaction.atomic
def retire_choice(choice: CustomChoice, *, by: By, at: datetime) -> CustomChoice:
    """Offer it no more; where it was chosen it stays. Retiring twice changes nothing."""
    return _set_retired(choice, moment=at, by=by, at=at)


@transaction.atomic
def offer_choice(choice: CustomChoice, *, by: By, at: datetime) -> CustomChoice:
    """Offer a retired choice again."""
    return _set_retired(choice, moment=None, by=by, at=at)


@transaction.atomic
def move_choice(choice: CustomChoice, *, up: bool, by: By, at: datetime) -> None:
    """One place up or down among the choices of its field; at the end nothing changes."""
    _require(by)
    _hold()
    _swap(choice, list(CustomChoice.objects.filter(field=choice.field_id).order_by("position", "pk")), up=up, by=by, at=at)


def _require(by: By) -> None:
    """Commands and imports act for the organisation; a person needs the ability."""
    if by.actor is not None:
        abilities.require(by.actor, Ability.EDIT_FIELDS)


def _hold() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _last(there: models.QuerySet[CustomField]) -> int:
    return there.aggregate(last=models.Max("position"))["last"] or 0


def _refuse_taken(noun: str, label: str, but: CustomField | None = None) -> None:
    others = CustomField.objects.of_noun(noun).in_use().filter(label__iexact=label)
    if (others.exclude(pk=but.pk) if but else others).exists():
        raise FieldLabelTaken(label)


def _refuse_choice(label: str, taken: set[str]) -> None:
    if not label or len(label) > LONGEST_CHOICE or _is_unreadable(label):
        raise ChoicesWrong(_("A choice has at most %(n)s characters, and none that no text has.") % {"n": LONGEST_CHOICE})
    if label.casefold() in taken:
        raise ChoicesWrong(_("There is a choice called “%(name)s” already.") % {"name": label})


def _is_unreadable(text: str) -> bool:
    return any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text)


def _set_archived(field: CustomField, *, moment: datetime | None, by: By, at: datetime) -> CustomField:
    _require(by)
    _hold()
    field = CustomField.objects.get(pk=field.pk)
    if (field.archived_at is None) is (moment is None):
        return field
    if moment is None:
        _refuse_taken(field.noun, field.label)
        if CustomField.objects.of_noun(field.noun).in_use().count() >= MOST_FIELDS:
            raise TooManyFields
    CustomField.objects.filter(pk=field.pk).update(archived_at=moment)
    audit.record(field, action="archive" if moment else "restore", by=by, at=at, changes={"archived_at": (field.archived_at, moment)})
    indexing.keep_index.defer(field_id=field.pk)
    field.refresh_from_db()
    return field


def _set_retired(choice: CustomChoice, *, moment: datetime | None, by: By, at: datetime) -> CustomChoice:
    _require(by)
    before = CustomChoice.objects.select_for_update().get(pk=choice.pk).retired_at
    if (before is None) is not (moment is None):
        CustomChoice.objects.filter(pk=choice.pk).update(retired_at=moment)
        audit.record(choice.field, action="retire_choice" if moment else "offer_choice", by=by, at=at, changes={"choices": (None, choice.label)})
    choice.refresh_from_db()
    return choice


def _swap(one: Placed, rows: list[Placed], *, up: bool, by: By, at: datetime) -> None:
    place = next((nth for nth, row in enumerate(rows) if row.pk == one.pk), None)
    other = None if place is None else place + (-1 if up else 1)
    if place is None or other is None or not 0 <= other < len(rows):
        return
    rows[place], rows[other] = rows[other], rows[place]
    for position, row in enumerate(rows, start=1):
        if row.position != position:
            type(row)._default_manager.filter(pk=row.pk).update(position=position)
    audit.record(one, action="change", by=by, at=at, changes={"position": (place + 1, other + 1)})
