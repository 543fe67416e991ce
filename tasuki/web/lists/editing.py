"""A changed clause: what the form of a chip sends, written into the filter."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from tasuki.core.filters import binding, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.fields import Operator, how_many_values
from tasuki.core.filters.sentences import Clause
from tasuki.web.lists import named
from tasuki.web.lists.brackets import changed, has_place
from tasuki.web.lists.named import Named, SeveralFit
from tasuki.web.lists.spec import Spec
from tasuki.web.lists.state import State
from tasuki.web.requests import UserRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.http import QueryDict

_MOST = 50


def is_sent(request: UserRequest) -> bool:
    return "op" in request.GET


def applied(request: UserRequest, state: State, spec: Spec, *, at: datetime) -> State:
    """The state with the clause that the form sent, at its place. Raises FilterWrong when it cannot be asked so."""
    said = request.GET
    operator, key = said["op"][:80], said.get("field", "")[:80]
    values = _values(said)
    if key in spec.fields and operator != Operator.IN_TEAM and (there := named.of_field(spec.fields.get(key), request.user)):
        values = _with_named(values, _tidied(said.getlist("named")), there)
    takes_values = operator not in Operator.values or how_many_values(Operator(operator))[1]
    clause = Clause(key, operator, tuple(value for value in values if value) if takes_values else ())
    group = changed(state.filter, said.get("at", "0")[:20], clause)
    # It must be readable, and mean something, before anybody is sent there.
    binding.bind(sentences.read(sentences.written(group)), spec.fields, asker=asker(request.user, at=at))
    return state.with_(filter=group)


def asked_again(refusal: FilterWrong, *, said: Mapping[str, str], state: State, spec: Spec) -> dict[str, str]:
    """What the address says for a clause that was refused to be asked once more: where it stands, or as a new one."""
    field, place = said.get("field", ""), said.get("at", "")[:20]
    typed = refusal.typed if isinstance(refusal, SeveralFit) else ""
    if has_place(state.filter, place):
        return {"open": place, "who": typed}
    return {"add": field, "to": place.rpartition(".")[0], "who": typed} if field in spec.fields else {}


def _values(said: QueryDict) -> list[str]:
    """As filters write them. An amount of time comes in two controls (30, days), and a day as a word or as a date."""
    values = _tidied(said.getlist("v"))
    if unit := said.get("unit", ""):
        return [f"{values[0] if values else ''} {unit}".strip()]
    near, days = _tidied(said.getlist("near")), _tidied(said.getlist("day"))
    return [*values, *(word or day for word, day in zip_longest(near, days, fillvalue=""))]


def _tidied(values: list[str]) -> list[str]:
    return [" ".join(value.split()) for value in values[:_MOST]]


def _with_named(values: list[str], typed: list[str], there: Named) -> list[str]:
    """With the numbers of whom or what was named. Raises FilterWrong for nothing of that name, SeveralFit for more than one."""
    values, typed = ([], values) if there.sent_as == "v" else (values, typed)
    return list(dict.fromkeys([*values, *(there.meant(name) for name in typed if name)]))
