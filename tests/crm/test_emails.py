"""A mail address is kept as written and matched without regard to case or script of the host."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasuki.crm import emails
from tasuki.crm.emails import EmailInvalid


def test_two_spellings_of_one_box_have_one_key() -> None:
    assert emails.normalise("Mina@Norwick.example")[1] == emails.normalise(" mina@norwick.EXAMPLE ")[1]
    assert emails.normalise("mina@bücher.example")[1] == emails.normalise("mina@xn--bcher-kva.example")[1]


@pytest.mark.parametrize(
    "written", ["MAILTO:mina@norwick.example", "ｍｉｎａ＠norwick.example", "\u200bmina@norwick.example\ufeff", "Mina <mina@norwick.example>"]
)
def test_what_is_pasted_around_an_address_is_read_away(written: str) -> None:
    assert emails.normalise(written) == ("mina@norwick.example", "mina@norwick.example")


@given(st.emails() | st.text(max_size=60))
def test_any_text_is_an_address_that_stays_the_same_or_is_refused(text: str) -> None:
    with suppress(EmailInvalid):
        address, key = emails.normalise(text)
        assert emails.normalise(address) == (address, key)


@pytest.mark.parametrize(
    "text",
    ["", "mina", "mina@", "@norwick.example", "mina@norwick..example", "mi na@norwick.example", "mina@norwick.example\x00", "a" * 400 + "@norwick.example"],
)
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(EmailInvalid, match="mail address"):
        emails.normalise(text)
