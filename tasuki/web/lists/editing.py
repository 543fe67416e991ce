"""A changed clause: what the form of a chip sends, written into the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasuki.core.filters import binding, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.filters.fields import Operator, how_many_values
from tasuki.core.filters.sentences import Clause
from tasuki.web.lists.sentence import changed
from tasuki.web.lists.spec import Spec
from tasuki.web.lists.state import State
from tasuki.web.requests import UserRequest

if TYPE_CHECKING:
    from datetime import datetime

_MOST = 50


def is_sent(request: UserRequest) -> bool:
    return "op" in request.GET


def applied(request: UserRequest, state: State, spec: Spec, *, at: datetime) -> State:
    """The state with the clause that the form sent, at its place. Raises FilterWrong when it cannot be asked so."""
    said = request.GET
    operator = said["op"][:80]
    values = [" ".join(value.split()) for value in said.getlist("v")[:_MOST]]
    # An amount of time comes in two controls: 30, days.
    if unit := said.get("unit", ""):
        values = [f"{values[0] if values else ''} {unit}".strip()]
    takes_values = operator not in Operator.values or how_many_values(Operator(operator))[1]
    clause = Clause(said.get("field", "")[:80], operator, tuple(value for value in values if value) if takes_values else ())
    group = changed(state.filter, said.get("at", "0")[:20], clause)
    # It must be readable, and mean something, before anybody is sent there.
    binding.bind(sentences.read(sentences.written(group)), spec.fields, asker=asker(request.user, at=at))
    return state.with_(filter=group)
