"""Scripts: one for each kind of call and language, written by operations, with the names in their places."""

from __future__ import annotations

import pytest

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.inside_sales import scripts
from tasuki.inside_sales.scripts import Script, ScriptRefused
from tests.cast import MONDAY, Cast
from tests.engage.calling import callable_lead, type_of

pytestmark = pytest.mark.django_db


def test_a_script_is_written_changed_and_taken_away_by_operations(cast: Cast) -> None:
    ada = By(cast.ada, Door.WEB)
    script = scripts.write(type_of(), language="ko", opening=" 안녕하세요 ", closing="언제요?", by=ada, at=MONDAY)
    assert script is not None
    assert (script.opening, script.closing) == ("안녕하세요", "언제요?")
    assert scripts.write(type_of(), language="ko", opening="안녕하세요", closing="언제요?", by=ada, at=MONDAY) == script
    scripts.write(type_of(), language="ko", opening="여보세요", closing="", by=ada, at=MONDAY)
    assert [entry.action for entry in AuditEntry.objects.of(script).newest_first()] == ["change", "add"]
    assert scripts.write(type_of(), language="ko", opening=" ", closing="", by=ada, at=MONDAY) is None
    assert not Script.objects.visible_to(cast.ada)


def test_others_write_none_and_no_script_is_too_long_or_in_a_tongue_that_nobody_reads(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        scripts.write(type_of(), language="ko", opening="a", closing="", by=By(cast.ruth, Door.WEB), at=MONDAY)
    for said in (
        {"language": "xx", "opening": "a", "closing": ""},
        {"language": "ko", "opening": "x" * 2001, "closing": ""},
        {"language": "ko", "opening": "", "closing": "a"},
    ):
        with pytest.raises(ScriptRefused):
            scripts.write(type_of(), **said, by=By(cast.ada, Door.WEB), at=MONDAY)


def test_a_call_has_the_script_of_the_first_language_that_there_is_one_in(cast: Cast) -> None:
    for language in ("en", "ja"):
        scripts.write(
            type_of(), language=language, opening=f"{language}: {{person}} of {{company}}, I am {{me}} {{x}}", closing="", by=By(cast.ada, Door.WEB), at=MONDAY
        )
    found = scripts.for_call(type_of(), languages=["ko", "ja", "en"])
    assert found is not None
    assert scripts.spoken(found.opening, lead=callable_lead(cast), me="Ivo") == "ja: 한 서윤1 of Exchange 1, I am Ivo {x}"
    assert scripts.for_call(type_of(), languages=["ko"]) is None
    assert scripts.for_call(type_of("follow_up"), languages=["ja"]) is None
