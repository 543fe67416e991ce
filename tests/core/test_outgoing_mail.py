"""One setting names the server that takes our mail; what cannot be right is refused with a sentence, and a password never goes in the clear."""

from __future__ import annotations

import pytest

from tasuki.core import outgoing_mail
from tasuki.core.outgoing_mail import MailServer, MailSettingWrong


def test_without_the_setting_there_is_no_mail() -> None:
    assert outgoing_mail.server("") is None


def test_the_setting_says_everything() -> None:
    named = outgoing_mail.server("smtp+starttls://mailer%40gaon.example:p%2Fw@mail.gaon.example?from=tasuki@gaon.example")
    assert named == MailServer("mail.gaon.example", 587, "tasuki@gaon.example", "smtp+starttls", "mailer@gaon.example", "p/w")
    assert "p/w" not in repr(named)


@pytest.mark.parametrize(
    ("setting", "port"),
    [
        ("smtp://localhost?from=a@b.example", 25),
        ("smtps://m.example?from=a@b.example", 465),
        ("smtps://m.example:2465?from=a@b.example", 2465),
        ("smtp://u:p@127.0.0.1?from=a@b.example", 25),
    ],
)
def test_each_scheme_has_its_port(setting: str, port: int) -> None:
    named = outgoing_mail.server(setting)
    assert named is not None
    assert named.port == port


@pytest.mark.parametrize(
    ("setting", "because"),
    [
        ("mail.gaon.example", "must begin with"),
        ("http://mail.gaon.example?from=a@b.example", "must begin with"),
        ("smtps://?from=a@b.example", "name a server"),
        ("smtps://m.example:many?from=a@b.example", "many"),
        ("smtps://m.example", "from="),
        ("smtps://m.example?from=tasuki", "from="),
        ("smtps://m.example?from=a@b.example%0d%0aBcc:c@d.example", "from="),
        ("smtp://u:p@m.example?from=a@b.example", "unencrypted"),
    ],
)
def test_what_cannot_be_right_is_refused_and_the_password_is_not_said(setting: str, because: str) -> None:
    with pytest.raises(MailSettingWrong, match=because) as refusal:
        outgoing_mail.server(setting)
    assert "u:p@" not in str(refusal.value)
