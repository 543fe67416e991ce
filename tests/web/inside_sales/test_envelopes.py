"""What stands on an envelope: from the large to the small for Korea and Japan, the other way round elsewhere, and nothing that is not known."""

from __future__ import annotations

import pytest

from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.web.inside_sales import envelopes

SOMEBODY = Contact(family_name="Roe", given_name="Ada", title="Head of risk", department="Risk")


def lines(language: str, *, country: str, address: str, contact: Contact = SOMEBODY, house: str = "KR") -> list[str]:
    account = Account(name="Norwick Ltd", country=country, postal_address=address)
    return envelopes.lines(contact, account, addressee="Ada Roe", language=language, from_country=house)


@pytest.mark.parametrize(
    ("language", "country", "address"), [("ko", "KR", "06236 서울특별시 강남구\n테헤란로 1"), ("ja", "JP", "〒100-0001\n東京都千代田区1-1")]
)
def test_in_korea_and_japan_the_address_comes_first_and_the_person_last(language: str, country: str, address: str) -> None:
    assert lines(language, country=country, address=address, house=country) == [*address.split("\n"), "Norwick Ltd", "Risk", "Head of risk", "Ada Roe"]


def test_elsewhere_the_person_comes_first_and_a_country_that_is_not_ours_last() -> None:
    at = "12 Quay Street\nDublin D01"
    assert lines("en", country="IE", address=at) == ["Ada Roe", "Head of risk", "Risk", "Norwick Ltd", "12 Quay Street", "Dublin D01", "IRELAND"]
    assert lines("en", country="IE", address=at, house="IE")[-1] == "Dublin D01"
    assert lines("ja", country="JP", address="東京都千代田区1-1")[-1] == "JAPAN"


def test_what_is_not_known_is_left_out() -> None:
    nobody = Contact(family_name="Roe")
    assert lines("en", country="IE", address="", contact=nobody) == ["Ada Roe", "Norwick Ltd"], "a country alone is no address"
    assert lines("en", country="", address="1 Road", contact=nobody) == ["Ada Roe", "Norwick Ltd", "1 Road"]
    assert envelopes.lines(nobody, None, addressee="Ada Roe", language="ko", from_country="KR") == ["Ada Roe"]
