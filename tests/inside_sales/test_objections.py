"""The library of objections: found by a character of any script, counted by the calls in which they were met, kept by those who may."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.engage import calls
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.inside_sales import objections
from tasuki.inside_sales.objections import Objection, ObjectionRefused, Response, Wall
from tests.cast import MONDAY, Cast, hired
from tests.engage.calling import call_of, callable_lead

pytestmark = pytest.mark.django_db

BUDGET = Response("이번 기 예산이 없습니다", "ko", Wall.NO_HURRY, acknowledge="새 기의 품의 마감일을 먼저 묻는다", evidence="점검 2인, 월 1,240만 원")
BOARD = Response("予算は経営企画が決めます", "ja", Wall.NO_HURRY, question="稟議はいつですか")
ENOUGH = Response("What we have is good enough", "en", Wall.NO_NEED, stage_id="connected", next_step="a comparison in fifteen minutes")


def written(cast: Cast, *responses: Response) -> list[Objection]:
    return [objections.add(one, by=By(cast.ivo, Door.WEB), at=MONDAY) for one in responses]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("예", 0),
        ("예산", 0),
        ("ㅇㅅㅇ", 0),
        ("予算", 1),
        ("経", 1),
        ("ENOUGH", 2),
        ("good  what", 2),
        ("ＧＯＯＤ", 2),
        ("fifteen", 2),
        ("1,240", 0),
        ("zzz", None),
    ],
)
def test_an_objection_is_found_by_its_words_and_by_what_answers_it(cast: Cast, text: str, found: int | None) -> None:
    rows = written(cast, BUDGET, BOARD, ENOUGH)
    assert objections.search(text, languages=["en"])[:1] == ([] if found is None else [rows[found]])


def test_without_words_come_those_of_the_language_then_those_that_went_on(cast: Cast) -> None:
    budget, board, enough = written(cast, BUDGET, BOARD, ENOUGH)
    assert objections.search("", languages=["ja", "ko"]) == [board, budget, enough]
    assert objections.search("", languages=[], most=1) == [budget]


def test_how_often_it_was_met_and_whether_the_call_went_on_is_counted_from_the_calls(cast: Cast) -> None:
    (budget,) = written(cast, BUDGET)
    by = By(cast.ivo, Door.WEB)
    for n, what in enumerate((Disposition.TALK, Disposition.NO_ANSWER, None)):
        call = call_of(cast, callable_lead(cast, n + 1), at=MONDAY + timedelta(hours=n), minutes=5)
        objections.use(budget, call=call, by=by, at=MONDAY)
        objections.use(budget, call=call, by=by, at=MONDAY)
        if what:
            calls.dispose(call, outcome=Outcome(what), by=by, at=MONDAY + timedelta(hours=n))
    found = Objection.objects.visible_to(cast.ivo).with_their_record().get()
    assert (found.n_used, found.n_told, found.n_progressed) == (3, 2, 1)


def test_who_works_leads_writes_down_what_they_heard_and_only_operations_change_it(cast: Cast) -> None:
    (budget,) = written(cast, BUDGET)
    for refused in (lambda by: objections.change(budget, response=ENOUGH, by=by, at=MONDAY), lambda by: objections.archive(budget, by=by, at=MONDAY)):
        with pytest.raises(Forbidden):
            refused(By(cast.ruth, Door.WEB))
    with pytest.raises(Forbidden):
        objections.add(ENOUGH, by=By(hired("obi", "Obi", "Ana", role=Role.OBSERVER), Door.WEB), at=MONDAY)
    ada = By(cast.ada, Door.WEB)
    objections.change(budget, response=ENOUGH, by=ada, at=MONDAY)
    assert AuditEntry.objects.of(budget).get(action="change").changes["words"] == [BUDGET.words, ENOUGH.words]
    assert objections.search("good", languages=[]) == [budget]
    assert objections.search("예산", languages=[]) == []
    objections.archive(budget, by=ada, at=MONDAY)
    objections.archive(budget, by=ada, at=MONDAY)
    assert objections.search("good", languages=[]) == []
    assert written(cast, ENOUGH)[0] != budget, "what is archived may be written anew"


@pytest.mark.parametrize(
    "response",
    [
        Response(" \n ", "ko", Wall.UNFIT),
        Response("x" * 301, "ko", Wall.UNFIT),
        Response("no", "xx", Wall.UNFIT),
        Response("no", "ko", "moat"),
        Response("no", "ko", Wall.UNFIT, stage_id="nowhere"),
        Response("no", "ko", Wall.UNFIT, evidence="x" * 1001),
        Response("이번  기 예산이\t없습니다", "ko", Wall.UNFIT),
    ],
)
def test_what_is_no_objection_or_there_already_is_refused(cast: Cast, response: Response) -> None:
    written(cast, BUDGET)
    with pytest.raises(ObjectionRefused):
        written(cast, response)


def test_some_are_to_be_reviewed(cast: Cast) -> None:
    early, late = written(cast, Response("a", "en", Wall.UNFIT, review_on=date(2026, 3, 2)), Response("b", "en", Wall.UNFIT, review_on=date(2026, 3, 3)))
    assert list(Objection.objects.visible_to(cast.ivo).to_review(date(2026, 3, 2))) == [early]
    assert late.review_on == date(2026, 3, 3)


def test_a_search_asks_once_however_many_there_are(cast: Cast) -> None:
    written(cast, *[Response(f"too dear {n}", "en", Wall.UNFIT) for n in range(12)])
    for text in ("", "dear"):
        with CaptureQueriesContext(connection) as asked:
            assert len(objections.search(text, languages=["en"], most=12)) == 12
        assert len(asked) == 1
