"""What a rule of fit can ask: everything that a lead can be asked in a filter, but for what changes by itself or was scored already."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext as _

from tasuki.core.custom_fields import definitions, filtering
from tasuki.core.custom_fields.definitions import FieldNoun
from tasuki.core.filters import binding, compiling, sentences
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import Asker, Fields, Kind
from tasuki.crm.filter_fields import LEAD
from tasuki.crm.leads import Lead

_BY_ITSELF = (Kind.DATE, Kind.MOMENT)
# Fit is of the person and the company; where the pass stands says nothing of it.
_NOT_FIT = frozenset({"state", "stage", "owner", "team", "fit", "grade"})


def fields() -> Fields:
    """With the custom fields that everybody sees: the reasons of a score are told to whoever sees the lead. One query."""
    custom = [filtering.asked(field) for field in definitions.in_use(FieldNoun.LEAD) if not field.hidden_from]
    return Fields(Lead, (field for field in [*LEAD, *custom] if field.kind not in _BY_ITSELF and field.key not in _NOT_FIT))


def read(text: str, among: Fields | None = None) -> binding.Meaning:
    """What a condition means; it is asked by nobody, so `me` is nobody. Raises FilterWrong, also for one that asks nothing."""
    group = sentences.read(text)
    if not group.clauses():
        raise FilterWrong(_("The condition asks nothing."))
    nobody = Asker(0, frozenset(), date(2000, 1, 1), ZoneInfo("UTC"))
    return binding.bind(group, among or fields(), asker=nobody)


def is_readable(text: str, among: Fields) -> bool:
    """Whether it still can be asked: a custom field may have been archived since. A rule that cannot gives no points."""
    try:
        read(text, among)
    except FilterWrong:
        return False
    return True


def compiled(text: str, among: Fields) -> Q:
    """The condition on leads. Raises FilterWrong."""
    return compiling.condition(read(text, among), Lead)
