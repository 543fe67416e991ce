"""Groups in the sentence of a filter: any of, all of, none of, within each other, made and unmade by plain links."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tasuki.core.filters import sentences
from tasuki.core.filters.errors import FilterWrong
from tasuki.core.filters.sentences import DEEPEST, Clause, Group, Of
from tasuki.crm import stages
from tasuki.web.lists import brackets
from tests.cast import Cast
from tests.web.office import lead_of, signed_in


def shown(client: Client, address: str) -> str:
    return client.get(reverse("leads") + address).content.decode()


def link(page: str, words: str, *, nth: int = 0) -> str:
    """Where the nth link of these words leads."""
    return html.unescape(re.findall(rf'<a class="menu-item" href="([^"]+)">(?:<svg[^>]*><use[^>]*></svg>)?{re.escape(words)}</a>', page)[nth])


def filter_of(page: str) -> str:
    """The filter that the page's forms carry."""
    return html.unescape(re.findall(r'name="filter" value="([^"]*)"', page)[0])


def rows(page: str) -> set[int]:
    return {int(found) for found in re.findall(r'class="sheet-name" href="/leads/(\d+)"', page)}


@pytest.mark.django_db
def test_groups_within_groups_are_built_by_links_and_forms_alone(cast: Cast) -> None:
    """any of (a fair, all of (a webinar, none of (ready, nurturing))): each step is a link or a form of the page before."""
    fair, working = lead_of(cast, 1, source="fair"), lead_of(cast, 2)
    lead_of(cast, 3, stage=stages.READY), lead_of(cast, 4, source="web form")
    client = signed_in(cast.ivo)

    def fill(page: str, field: str, value: str) -> str:
        """Choose the field in the menu that stands open, and send the form that it opens."""
        menu = re.search(r'<details class="menu menu-start" open><summary class="clause clause-add">.*?</details>', page, re.S)
        assert menu, "what is to stand beside it is asked at once"
        page = shown(client, link(menu[0], field))
        form = re.findall(rf'name="field" value="{field}"><input type="hidden" name="at" value="([0-9.]+)"', page)[-1]
        answer = client.get(reverse("leads"), {"filter": filter_of(page), "field": field, "op": "is", "v": value, "at": form})
        return shown(client, answer["Location"])

    page = shown(client, "?filter=source:is(fair)")
    page = fill(shown(client, link(page, "… or something else")), "source", "webinar")
    assert filter_of(page) == "any(source:is(fair), source:is(webinar))"
    page = fill(shown(client, link(page, "… and something else", nth=1)), "stage", "ready")
    assert filter_of(page) == "any(source:is(fair), all(source:is(webinar), stage:is(ready)))"
    page = fill(shown(client, link(page, "… neither this nor something else", nth=-1)), "stage", "nurturing")
    assert filter_of(page) == "any(source:is(fair), all(source:is(webinar), none(stage:is(ready), stage:is(nurturing))))"
    assert rows(page) == {fair.pk, working.pk}
    assert re.findall(r'role="group" aria-label="(\w+ of)"', page) == ["any of", "all of", "none of"]
    assert re.findall(r"clause-add\"><svg.*?</svg>(\w+)</summary>", page) == ["nor", "and", "or", "and"]


@pytest.mark.django_db
def test_a_group_becomes_another_kind_a_part_of_a_group_or_nothing(cast: Cast) -> None:
    client = signed_in(cast.ivo)
    page = shown(client, "?filter=state:is(open),any(source:is(fair),stage:is(ready))")

    def becomes(words: str, *, nth: int = 0) -> str:
        return filter_of(shown(client, link(page, words, nth=nth)))

    assert becomes("all of") == "state:is(open), all(source:is(fair), stage:is(ready))"
    assert becomes("none of") == "state:is(open), none(source:is(fair), stage:is(ready))"
    assert becomes("Take the group apart") == "state:is(open), source:is(fair), stage:is(ready)"
    assert 'aria-current="true">any of' in page
    assert becomes("… neither this nor something else", nth=1) == "state:is(open), none(any(source:is(fair), stage:is(ready)))"
    assert "filter=" not in link(page, "Remove this group"), "what is left is what the view shows"


@pytest.mark.django_db
def test_no_group_is_offered_that_would_be_too_deep(cast: Cast) -> None:
    client = signed_in(cast.ivo)
    deep = "source:is(fair)"
    for nth in range(DEEPEST - 1):
        page = shown(client, f"?filter={deep}")
        assert "something else</a>" in page, nth
        deep = f"{'any' if nth % 2 else 'all'}({deep})"
    page = shown(client, f"?filter={deep}")
    assert "Source" in page
    assert "something else</a>" not in page
    assert client.get(reverse("leads"), {"filter": f"any({deep})"}).status_code == 422


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["add=source&to=7", "add=source&to=0.0", "to=9.9.9", "to=x", "open=9", "add=source&to=" + "0." * 500])
def test_a_place_that_is_not_there_opens_nothing_and_breaks_nothing(cast: Cast, query: str) -> None:
    page = signed_in(cast.ivo).get(reverse("leads") + f"?filter=any(source:is(fair))&{query}")
    assert page.status_code == 200
    assert '<details class="menu menu-start" open>' not in page.content.decode()


parts = st.recursive(
    st.builds(Clause, st.sampled_from(["source", "stage"]), st.just("is"), st.sampled_from([("a",), ("b", "c")])),
    lambda inner: st.builds(Group, st.sampled_from(Of), st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=8,
)


def places(group: Group, before: str = "") -> list[tuple[str, Clause | Group, Of]]:
    """Every part with its place, and the kind of group it stands in."""
    found: list[tuple[str, Clause | Group, Of]] = []
    for nth, part in enumerate(group.parts):
        here = f"{before}.{nth}" if before else str(nth)
        found.append((here, part, group.of))
        found += places(part, here) if isinstance(part, Group) else []
    return found


@given(st.lists(parts, min_size=1, max_size=3).map(lambda some: Group(Of.ALL, tuple(some))))
def test_whatever_is_offered_can_be_read_and_keeps_every_other_clause(group: Group) -> None:
    for place, part, within in places(group):
        assert brackets.has_place(group, place) is isinstance(part, Clause)
        for of in brackets.wrappings(part, place, within=within):
            wrapped = brackets.changed(group, place, Group(of, (part,)))
            assert sentences.read(sentences.written(wrapped)) == wrapped
            assert wrapped.clauses() == group.clauses()
        if isinstance(part, Group):
            assert brackets.in_its_stead(group, place, part.parts).clauses() == group.clauses()
        without = brackets.changed(group, place, None)
        n_gone = len(part.clauses()) if isinstance(part, Group) else 1
        assert len(without.clauses()) == len(group.clauses()) - n_gone
        assert all(one.parts for _place, one, _within in places(without) if isinstance(one, Group)), "an empty group goes"


@pytest.mark.parametrize("place", ["", "x", "9", "0.0", "-1", "1.0.0", "٠", "0" * 400])
def test_a_change_at_no_place_is_refused(place: str) -> None:
    with pytest.raises(FilterWrong):
        brackets.changed(Group(parts=(Clause("source", "is", ("a",)),)), place, None)
