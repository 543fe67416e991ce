"""Two spellings of one company have one key; two companies have two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.crm import matching


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (
            ["株式会社 架空証券", "架空証券㈱", "(株)架空証券", "架空証券　株式会社", "㍿架空証券", "株 式 会 社 架空証券", "株式會社架空証券", "(同)架空証券"],
            "架空証券",
        ),
        (
            ["가온시스템(주)", "㈜가온시스템", "주식회사 가온시스템", "가온시스템 주식회사", "( 주 ) 가온시스템", "주)가온시스템", "유한책임회사 가온시스템"],
            "가온시스템",
        ),
        (["ｱｸﾒ 有限会社", "アクメ"], "アクメ"),
        (
            ["Norwick Co., Ltd.", "NORWICK, Inc.", "Norwick Corporation", "ＮＯＲＷＩＣＫ", "Norwick S.A.", "Norwick Co.Ltd", "Norwick Company, Limited"],
            "norwick",
        ),
        (["Norwick L.L.C.", "Norwick P.L.C.", "Norwick G.m.b.H.", "Norwick GmbH & Co. KG", "Norwick (Pty) Ltd", "Norwick S.à r.l.", "Norwick B.V."], "norwick"),
        (["K.K. Norwick", "Norwick K.K.", "Kabushiki Kaisha Norwick", "Norwick Pte. Ltd.", "(주)Norwick Co., Ltd."], "norwick"),
        (["Norwick Korea Inc.", "Norwick Inc. (Korea)", "Norwick-Korea"], "norwickkorea"),
        (["Finch & Daw LLC", "Finch and Daw", "finch&daw", "Finch ＆ Daw"], "finchanddaw"),
        (["Finch & Co.", "Finch and Co", "Finch&Co", "Finch"], "finch"),
    ],
)
def test_spellings_of_one_company_fold_to_one_key(spellings: list[str], key: str) -> None:
    assert {matching.fold_company(spelling) for spelling in spellings} == {key}


def test_a_name_that_is_only_a_legal_form_keeps_its_letters() -> None:
    assert matching.fold_company("Inc.") == "inc"
    assert matching.fold_company("주식회사") == "주식회사"
    assert matching.fold_company("") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Norwick Holdings", "Norwick"), ("टाटा", "टट"), ("かくう", "カクウ"), ("Norwick Tokyo", "Norwick Osaka"), ("Incheon", "Heon"), ("Norwick.co", "Norwick")],
)
def test_two_companies_keep_two_keys(one: str, other: str) -> None:
    assert matching.fold_company(one) != matching.fold_company(other)


# fmt: off
PIECES = st.sampled_from([
    "株式会社", "(株)", "㈱", "式会社", "株", "(", ")", "社", "주식", "회사", "주식회사", "(주)", "주)", "Inc", ".", ",", "&",
    "and", "Co", "Ltd", "K.K.", "S.A.", "GmbH", "Norwick", "가온", "架空", "ｶﾞ", "ß", "İ", "é",
    " ", "\u3000", "\u0301", "\ufe0f",
])
# fmt: on


@given(st.text(max_size=300) | st.lists(PIECES, max_size=12).map("".join))
def test_folding_never_fails_fits_its_column_and_folds_a_key_to_itself(name: str) -> None:
    key = matching.fold_company(name)
    assert len(key) <= 200
    assert bool(key) == bool(name.strip())
    assert matching.fold_company(key) == key


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Norwick.co.jp:8080/about?x=1", "norwick.co.jp"),
        ("mina@bücher.example", "xn--bcher-kva.example"),
        ("norwick.example", "norwick.example"),
        ("Mina <mina@Norwick.example>", "norwick.example"),
        ("mailto:mina@norwick.example", "norwick.example"),
        ("ｗｗｗ．ｎｏｒｗｉｃｋ．ｅｘａｍｐｌｅ", "norwick.example"),
        ("XN--BCHER-KVA.example.", "xn--bcher-kva.example"),
        ("not a domain", ""),
        ("192.168.0.1", ""),
        ("norwick..example", ""),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_the_domain_of_an_address(text: str, domain: str) -> None:
    assert matching.domain_of(text) == domain


def test_a_mail_provider_says_nothing_about_a_company() -> None:
    assert all(matching.is_free_mail(domain) for domain in ("naver.com", "hanmail.net", "docomo.ne.jp", "yahoo.co.jp", "gmail.com"))
    assert not matching.is_free_mail("norwick.example")


@given(st.text(max_size=300))
def test_asking_for_a_domain_never_fails(text: str) -> None:
    domain = matching.domain_of(text)
    assert domain.isascii()
    assert domain == domain.lower()
