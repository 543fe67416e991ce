"""A mail address is kept as written and matched without regard to case or script of the host."""

import pytest

from tasuki.crm import emails
from tasuki.crm.emails import EmailInvalid


def test_two_spellings_of_one_box_have_one_key() -> None:
    assert emails.normalise("Mina@Norwick.example")[1] == emails.normalise(" mina@norwick.EXAMPLE ")[1]
    assert emails.normalise("mina@bücher.example")[1] == emails.normalise("mina@xn--bcher-kva.example")[1]


@pytest.mark.parametrize(
    "text",
    ["", "mina", "mina@", "@norwick.example", "mina@norwick..example", "mi na@norwick.example", "mina@norwick.example\x00", "a" * 400 + "@norwick.example"],
)
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(EmailInvalid, match="mail address"):
        emails.normalise(text)
