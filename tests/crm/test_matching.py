"""Two spellings of one company have one key; two companies have two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.crm import matching


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (["株式会社 架空証券", "架空証券㈱", "(株)架空証券", "架空証券　株式会社"], "架空証券"),
        (["가온시스템(주)", "㈜가온시스템", "주식회사 가온시스템", "가온시스템 주식회사"], "가온시스템"),
        (["ｱｸﾒ 有限会社", "アクメ"], "アクメ"),
        (["Norwick Co., Ltd.", "NORWICK, Inc.", "Norwick Corporation", "ＮＯＲＷＩＣＫ", "Norwick S.A."], "norwick"),
        (["Finch & Daw LLC", "Finch and Daw", "finch&daw"], "finchanddaw"),
    ],
)
def test_spellings_of_one_company_fold_to_one_key(spellings: list[str], key: str) -> None:
    assert {matching.fold_company(spelling) for spelling in spellings} == {key}


def test_a_holding_is_another_company_than_its_daughter() -> None:
    assert matching.fold_company("Norwick Holdings") != matching.fold_company("Norwick")


def test_a_name_that_is_only_a_legal_form_keeps_its_letters() -> None:
    assert matching.fold_company("Inc.") == "inc"
    assert matching.fold_company("") == ""


@given(st.text(max_size=300))
def test_folding_never_fails_fits_its_column_and_is_stable(name: str) -> None:
    key = matching.fold_company(name)
    assert len(key) <= 200
    assert bool(key) == bool(key.strip())


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Norwick.co.jp:8080/about?x=1", "norwick.co.jp"),
        ("mina@bücher.example", "xn--bcher-kva.example"),
        ("norwick.example", "norwick.example"),
        ("not a domain", ""),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_the_domain_of_an_address(text: str, domain: str) -> None:
    assert matching.domain_of(text) == domain


def test_a_mail_provider_says_nothing_about_a_company() -> None:
    assert matching.is_free_mail("naver.com")
    assert not matching.is_free_mail("norwick.example")
