"""Conditions on leads that no person asks but the house itself: in rules and agreements. They are written in the language of the filters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tasuki.core.custom_fields import filtering
from tasuki.core.custom_fields.definitions import CustomField
from tasuki.core.filters import askers, binding, compiling, evaluating, sentences
from tasuki.core.filters.binding import Meaning
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import Fields, Kind
from tasuki.core.filters.sentences import Group
from tasuki.crm.filter_fields import LEAD
from tasuki.crm.leads import Lead

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Nobody reads a rule, so there is nobody whom they could mean.
_READER = {Kind.PERSON: "me", Kind.TEAM: "mine"}


class Conditions:
    """Reads conditions as they are meant at one moment; what they may ask of is looked up once."""

    def __init__(self, *, at: datetime) -> None:
        self.fields: Fields = LEAD.with_more(map(filtering.asked, CustomField.objects.of_noun("lead").in_use()))
        self._asker = askers.of_the_house(at=at)

    def meaning(self, text: str) -> Meaning:
        """Raises FilterWrong."""
        group = sentences.read(text)
        self._refuse_reader(group)
        return binding.bind(group, self.fields, asker=self._asker)

    def holds(self, text: str, lead: Lead) -> bool:
        """Whether a lead is meant; its person and company are loaded with it. What cannot be read any more (a field was archived) means nobody."""
        try:
            return evaluating.holds(self.meaning(text), lead)
        except FilterWrong:
            return False

    def among(self, text: str, leads: QuerySet[Lead]) -> QuerySet[Lead]:
        """Those of the leads that are meant: the same, asked of the database. Without a condition all; what cannot be read any more means nobody."""
        try:
            return compiling.narrowed(leads, self.meaning(text)) if text else leads
        except FilterWrong:
            return leads.none()

    def _refuse_reader(self, group: Group) -> None:
        for clause in group.clauses():
            kind = self.fields.get(clause.field).kind
            if kind in (Kind.PERSON, Kind.TEAM) and {"me", "mine"} & set(clause.values):
                raise FilterWrong(_("A rule is read by nobody, so “%(value)s” means nobody in it. Name the person or the team.") % {"value": _READER[kind]})
