"""The condition of a rule as a sentence to read and to change: the same chips as the filter of the list of leads, on a page of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect

from tasuki.core.filters import sentences
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import UNITS, Field, Fields
from tasuki.core.filters.sentences import EVERYTHING, Group
from tasuki.core.people import User
from tasuki.crm.filter_fields import LEAD
from tasuki.web.lists import editing
from tasuki.web.lists.brackets import Place
from tasuki.web.lists.choices import Choices
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.named import LONGEST_NAME
from tasuki.web.lists.nouns import LEADS
from tasuki.web.lists.sentence import Bracket, Chip, Sentence
from tasuki.web.lists.state import Chosen, State
from tasuki.web.requests import UserRequest

__all__ = ["UNITS", "Asking", "asking", "in_words"]

# A rule asks what a lead is when it comes in.
_LEADS = replace(LEADS, fields=LEAD)

# A rule is read by nobody: it does not know whom these mean.
_READERS = frozenset({"me", "mine"})


@dataclass(frozen=True)
class Asking:
    """What the sentence of the lists asks of its page; `text` is the condition as it is kept."""

    state: State
    fields: Fields
    chips: list[Chip | Bracket]

    @property
    def text(self) -> str:
        return sentences.written(self.state.filter)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.state.filter.parts)

    @property
    def everything(self) -> str:
        return self.state.with_(filter=EVERYTHING).address()

    def adding(self, field: Field, place: Place = "") -> str:
        return self.state.address(add=field.key, to=place)

    def hidden(self, *but: str) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.state.said() if name not in but]


def asking(request: UserRequest, kept: str, *, at: datetime, among: Fields | None = None) -> Asking | HttpResponse:
    """The sentence that the address asks for, else that of the condition as it is kept; or the way to the changed one.

    `among` are the fields that can be asked, where not all can. Raises FilterWrong for an address that nobody can read.
    """
    spec = spec_of(_LEADS, request.user)
    if among:
        spec = replace(spec, fields=Fields(among.model, (field for field in spec.fields if field.key in among)))
    said = request.GET
    before = _readable(kept)
    state = _state(sentences.read(said["filter"]) if "filter" in said else before, before)
    if editing.is_sent(request):
        try:
            return HttpResponseRedirect(editing.applied(request, state, spec, at=at).address())
        except FilterWrong as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(state.address(**editing.asked_again(refusal, said=said, state=state, spec=spec)))
    adding = said.get("add", "")
    sentence = Sentence(state, spec, request.user, choices=Choices(spec, request.user, [state.filter], but=_READERS))
    chips = sentence.chips(
        adding=adding if adding in spec.fields else "", to=said.get("to", "")[:20], opened=said.get("open", "")[:20], typed=said.get("who", "")[:LONGEST_NAME]
    )
    return Asking(state, spec.fields, chips)


def in_words(conditions: Iterable[str], reader: User) -> dict[str, list[Chip | Bracket] | None]:
    """The chips of each condition, to be read; None for one that asks what cannot be asked any more. What a field offers is asked for once."""
    spec, groups = spec_of(_LEADS, reader), {text: _readable(text) for text in dict.fromkeys(conditions)}
    choices = Choices(spec, reader, groups.values())
    found = dict[str, list[Chip | Bracket] | None]()
    for text, group in groups.items():
        try:
            found[text] = Sentence(_state(group, group), spec, reader, choices=choices).chips()
        except FilterWrong:
            found[text] = None
    return found


def _state(group: Group, before: Group) -> State:
    return State(Chosen("", "", before, "", ()), group, "", ())


def _readable(text: str) -> Group:
    try:
        return sentences.read(text)
    except FilterWrong:
        return EVERYTHING
