"""Founding: only whoever holds the key that the command line printed becomes the first administrator, and only the first does."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import signing
from django.db import connection

from tasuki.core import abilities, founding, people
from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.founding import FoundedAlready, Founder, KeyRefused
from tasuki.core.people import PasswordTooWeak, User
from tests.cast import MONDAY, PASSWORD, Cast

ADA = Founder(email="ada@example.com", family_name="Lindqvist", given_name="Ada", password=PASSWORD)


@pytest.mark.django_db
def test_the_holder_of_the_key_becomes_administrator() -> None:
    assert founding.is_unclaimed()
    user = founding.claim(founding.key(at=MONDAY), founder=ADA, at=MONDAY + timedelta(hours=23))
    assert abilities.standing_of(user).roles == {Role.ADMINISTRATOR}
    assert user.check_password(PASSWORD)
    assert not founding.is_unclaimed()
    assert [entry.action for entry in AuditEntry.objects.filter(noun="user").order_by("pk")] == ["hire", "grant_role", "set_password"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "signed_with", [None, {"salt": "another"}, {"key": "guessed", "salt": "tasuki.core.founding"}], ids=["nothing", "another salt", "a guess"]
)
def test_a_stranger_claims_nothing(signed_with: dict[str, str] | None) -> None:
    forged = signing.dumps({"until": 9_999_999_999}, **signed_with) if signed_with else "x"
    with pytest.raises(KeyRefused):
        founding.claim(forged, founder=ADA, at=MONDAY)
    assert not User.objects.get_queryset().exists()


@pytest.mark.django_db
def test_a_key_lasts_a_day() -> None:
    with pytest.raises(KeyRefused):
        founding.claim(founding.key(at=MONDAY), founder=ADA, at=MONDAY + timedelta(hours=25))


def test_a_second_claim_finds_somebody(cast: Cast) -> None:
    with pytest.raises(FoundedAlready):
        founding.claim(founding.key(at=MONDAY), founder=ADA, at=MONDAY)


@pytest.mark.django_db
def test_a_weak_password_leaves_nobody_behind() -> None:
    weak = Founder(email="ada@example.com", family_name="Lindqvist", given_name="Ada", password="password12")
    with pytest.raises(PasswordTooWeak):
        founding.claim(founding.key(at=MONDAY), founder=weak, at=MONDAY)
    assert founding.is_unclaimed()
    assert people.with_address("ada@example.com") is None


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_first() -> None:
    key, begin, answers = founding.key(at=MONDAY), threading.Barrier(2), []

    def claim(name: str) -> None:
        try:
            begin.wait()
            founding.claim(key, founder=Founder(f"{name}@example.com", name, "", PASSWORD), at=MONDAY)
            answers.append("first")
        except FoundedAlready:
            answers.append("too late")
        finally:
            connection.close()

    both = [threading.Thread(target=claim, args=[name]) for name in ("ada", "eve")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(answers) == ["first", "too late"]
    assert User.objects.active().count() == 1
