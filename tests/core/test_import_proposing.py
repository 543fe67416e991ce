"""A mapping is proposed from names and values in three languages, with reasons; what it leaves open is a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasuki.core.imports import evidence, proposing, questions, synonyms, templates
from tasuki.core.imports.evidence import Evidence
from tasuki.core.imports.mapping import Column, Mapping
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.questions import Question
from tasuki.core.imports.tables import Said

pytestmark = pytest.mark.django_db  # a noun has the custom fields that are in the database


def looked_at(folder: Path, content: str) -> Evidence:
    path = folder / "rows.csv"
    path.write_text(content, encoding="utf-8")
    return evidence.look(path, Said())


def proposed(folder: Path, noun: str, content: str) -> dict[str, str]:
    return {one.field: one.column for one in proposing.propose(noun_named(noun), looked_at(folder, content))}


def asked(folder: Path, noun: str, content: str, **columns: str) -> list[Question]:
    mapping = Mapping(noun, {field: Column(column=column) for field, column in columns.items()})
    return questions.asked(noun_named(noun), mapping, looked_at(folder, content), known={})


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Lead ID,Created at,Lead Source,Full Name,E-mail,Phone Number,Company", "7,2026-01-02,Web,Mina Kim,mina@gaon.example,+82 10-1234-5678,Gaon"),
        ("리드 번호,등록일,유입경로,성명,이메일,휴대폰,회사명", "7,2026-01-02,웹,김민아,mina@gaon.example,+82 10-1234-5678,가온"),
        ("リード番号,登録日,流入元,氏名,メールアドレス,携帯電話,会社名", "7,2026-01-02,ウェブ,西野沙織,saori@kaku.example,+81 90-1234-5678,架空"),
        ("ＬＥＡＤ＿ＩＤ,created_at,leadSource,FULLNAME,e_mail,phone-number,COMPANY", "7,2026-01-02,Web,Mina Kim,mina@gaon.example,+82 10-1234-5678,Gaon"),
    ],
    ids=["English", "Korean", "Japanese", "folded"],
)
def test_names_in_three_languages_are_understood(tmp_path: Path, header: str, row: str) -> None:
    names = header.split(",")
    wanted = dict(zip(("reference", "opened_at", "source", "full_name", "email", "phone", "account"), names, strict=True))
    assert proposed(tmp_path, "leads", f"{header}\n{row}\n") == {
        field: looked_at(tmp_path, f"{header}\n{row}\n").header[names.index(name)] for field, name in wanted.items()
    }


def test_values_speak_where_names_do_not_and_no_column_serves_two_fields(tmp_path: Path) -> None:
    found = proposed(tmp_path, "contacts", "a,b,c\nmina@gaon.example,+82 10-1234-5678,x\nivo@gaon.example,+82 10-9876-5432,y\n")
    assert found == {"email": "a", "phone": "b"}


def test_a_name_that_its_values_deny_is_not_believed(tmp_path: Path) -> None:
    assert "email" not in proposed(tmp_path, "contacts", "Name,Email\nMina,yes\nIvo,no\n")


def test_every_proposal_says_why(tmp_path: Path) -> None:
    for one in proposing.propose(noun_named("contacts"), looked_at(tmp_path, "Name,Email,Tel\nMina,mina@gaon.example,+82 10-1234-5678\n")):
        assert str(one.reason)
        assert 0 < one.confidence <= 1


@pytest.mark.parametrize("template", templates.TEMPLATES, ids=lambda one: f"{one.program} {one.noun}")
def test_the_export_of_a_known_program_is_known(template: templates.Template) -> None:
    header = list(dict.fromkeys([*template.known_by, *template.columns.values()]))
    found = templates.known(header)
    assert found is not None
    assert (found.program, found.noun) == (template.program, template.noun)
    assert set(template.columns) <= set(noun_named(template.noun).fields)
    assert proposing.noun_of(header) == template.noun


@pytest.mark.parametrize(
    ("header", "noun"),
    [
        ("회사명,업종,직원수", "accounts"),
        ("商談名,金額,ステージ", "opportunities"),
        ("성명,이메일,직함,회사", "contacts"),
        ("SKU,Product name,List price", "products"),
        ("Lead source,Lead status,E-mail", "leads"),
    ],
)
def test_what_the_rows_are_is_seen_from_the_header(header: str, noun: str) -> None:
    assert proposing.noun_of(header.split(",")) == noun


def test_a_day_that_can_be_two_days_is_asked_with_both(tmp_path: Path) -> None:
    (question,) = asked(tmp_path, "leads", "day\n03/04/2024\n05/06/2024\n", opened_at="day")
    assert [answer for answer, _words in question.answers] == ["%d/%m/%Y", "%m/%d/%Y"]
    assert question.suggested == ""
    assert asked(tmp_path, "leads", "day\n03/04/2024\n25/06/2024\n", opened_at="day") == []


def test_a_number_that_can_be_two_numbers_is_asked_with_both(tmp_path: Path) -> None:
    (question,) = asked(tmp_path, "opportunities", "sum\n1.234\n5.678\n", amount="sum")
    assert [str(words) for _answer, words in question.answers] == ["1.234", "1234"]


@pytest.mark.parametrize(
    ("values", "raw", "suggested"),
    [(["technolgy"], "technolgy", "technology"), (["Web", "Web", "web "], "", ""), (["Trade show"] * 3 + ["Trade-Show"], "Trade-Show", "Trade show")],
)
def test_two_spellings_of_one_word_are_proposed_to_be_one_and_a_person_decides(tmp_path: Path, *, values: list[str], raw: str, suggested: str) -> None:
    field, noun = ("industry", "accounts") if raw == "technolgy" else ("source", "leads")
    found = asked(tmp_path, noun, "x,y\n" + "".join(f"{value},1\n" for value in values), **{field: "x"})
    if raw:
        assert [(one.raw, one.suggested) for one in found] == [(raw, suggested)]
        assert len(found[0].answers) == 2


def test_words_for_stages_are_proposed_and_what_is_unknown_is_left_open(tmp_path: Path) -> None:
    found = {one.raw: one.suggested for one in asked(tmp_path, "opportunities", "s,t\nClosed Won,1\n제안,2\n見積,3\nFoo,4\n", stage="s")}
    assert found == {"Closed Won": "p4", "제안": "p3", "見積": "p3", "Foo": ""}


def test_misspelt_countries_and_shared_signs_of_money_are_asked(tmp_path: Path) -> None:
    (country,) = asked(tmp_path, "accounts", "c,d\nPhilipines,1\nKorea,2\n", country="c")
    assert (country.raw, country.suggested) == ("Philipines", "PH")
    (money,) = asked(tmp_path, "opportunities", "a,b\n$342.09K,1\n", amount="a")
    assert (money.about, money.suggested) == ("currency", "USD")
    assert questions.currency_of(Mapping("opportunities", {"amount": Column(column="a")}), looked_at(tmp_path, "a,b\n₩3.5억,1\n")) == "KRW"


def test_telephone_numbers_without_a_country_are_asked(tmp_path: Path) -> None:
    (question,) = asked(tmp_path, "contacts", "t,u\n010-1234-5678,1\n010-9876-5432,2\n", phone="t")
    assert (question.about, question.suggested) == ("country", "")
    assert len(question.answers) > 10


def test_our_words_are_folded_once_and_alike() -> None:
    assert {synonyms.squeezed(name) for name in ("LeadSource", "lead_source", "Lead Source", "ＬＥＡＤ－ＳＯＵＲＣＥ")} == {"leadsource"}
