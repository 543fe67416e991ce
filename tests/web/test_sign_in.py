"""The way in: by password, by second factor, by passkey; and shut after too many guesses."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tasuki.core import people
from tasuki.core.audit import AuditEntry
from tasuki.core.people import User
from tests.cast import MONDAY, PASSWORD, SET_UP, Cast, with_password

pytestmark = pytest.mark.django_db

WRONG = "not the hills at all"


@pytest.fixture(autouse=True)
def nobody_has_guessed_yet(db: None) -> None:
    cache.clear()


@pytest.fixture
def mina(cast: Cast) -> User:
    return with_password(cast.mina)


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: str):  # type: ignore[no-untyped-def]
    return client.post(reverse("account_login"), {"login": email, "password": password, **more}, HTTP_ACCEPT_LANGUAGE="en")


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def test_mina_signs_in_with_her_password_and_it_is_written_down(mina: User, client: Client) -> None:
    assert not is_signed_in(client)
    assert sign_in(client, "MINA@example.com ").status_code == 302
    assert is_signed_in(client)
    assert AuditEntry.objects.of(mina).filter(action="sign_in", actor=mina, door="web").count() == 1


@pytest.mark.parametrize(("name", "first"), [("ada", "relay"), ("ruth", "relay"), ("ivo", "home"), ("mina", "home"), ("saori", "home"), ("chika", "home")])
def test_who_answers_for_the_relay_begins_there_and_everybody_else_with_their_own_work(cast: Cast, name: str, first: str) -> None:
    person, client = with_password(getattr(cast, name)), Client()
    assert sign_in(client, person.email)["Location"] == reverse(first)
    client.logout()
    assert sign_in(client, person.email, next=reverse("leads"))["Location"] == reverse("leads"), "unless they were on their way"


def test_nobody_is_told_that_they_signed_in_least_of_all_in_the_language_of_the_door(mina: User, client: Client) -> None:
    answer = sign_in(client, mina.email)
    assert answer.status_code == 302
    assert not list(get_messages(answer.wsgi_request))


def test_a_wrong_password_opens_nothing(mina: User, client: Client) -> None:
    assert sign_in(client, "mina@example.com", WRONG).status_code == 200
    assert not is_signed_in(client)


def test_after_five_wrong_passwords_the_right_one_is_refused_too(mina: User, client: Client) -> None:
    for _guess in range(5):
        sign_in(client, "mina@example.com", WRONG)
    answer = sign_in(client, "mina@example.com")
    assert "Too many" in answer.content.decode()
    assert not is_signed_in(client)


def test_the_lock_is_on_one_address_and_not_on_the_house(mina: User, cast: Cast, client: Client) -> None:
    with_password(cast.ivo)
    for _guess in range(6):
        sign_in(client, "mina@example.com", WRONG)
    assert sign_in(client, "ivo@example.com").status_code == 302


def test_an_unknown_address_is_answered_like_a_wrong_password(mina: User, client: Client) -> None:
    def told(email: str) -> str:
        page = sign_in(client, email, WRONG).content.decode()
        return re.sub(r'(csrfmiddlewaretoken" value|nonce|value)="[^"]*"', "", page)

    assert told("mina@example.com") == told("nobody@example.com")


def test_who_has_left_is_answered_like_a_wrong_password(mina: User, client: Client) -> None:
    people.leave(mina, by=SET_UP, at=MONDAY)
    assert "correct" in sign_in(client, "mina@example.com").content.decode()
    assert not is_signed_in(client)


def test_nobody_signs_up(client: Client) -> None:
    for address in ("/sign-up/", "/signup/", "/accounts/signup/", "/sign-in/signup/"):
        assert client.get(address).status_code == 302
    assert "signup" not in client.get(reverse("account_login")).content.decode()


def test_the_session_is_a_new_one_after_signing_in(mina: User, client: Client) -> None:
    client.get(reverse("account_login"))
    session = client.session
    session["before"] = "x"
    session.save()
    client.cookies["sessionid"] = session.session_key
    sign_in(client, "mina@example.com")
    assert client.session.session_key != session.session_key
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(mina: User, client: Client) -> None:
    elsewhere = Client()
    sign_in(elsewhere, "mina@example.com")
    sign_in(client, "mina@example.com")
    new = "a colder evening inland"
    assert client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}).status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert AuditEntry.objects.of(mina).filter(action="set_password").count() == 2


def test_the_page_after_signing_in_is_ours(mina: User, client: Client) -> None:
    assert sign_in(client, "mina@example.com", next="/profile")["Location"] == "/profile"
    client.post(reverse("account_logout"))
    assert "evil" not in sign_in(client, "mina@example.com", next="https://evil.example/")["Location"]


def test_signing_out_takes_a_post(mina: User, client: Client) -> None:
    sign_in(client, "mina@example.com")
    client.get(reverse("account_logout"))
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)


@pytest.fixture
def half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code of an app is one for thirty seconds: they do not end between the moment it is read off and the moment it arrives."""
    counters = list(totp.yield_hotp_counters_from_time())
    monkeypatch.setattr(totp, "yield_hotp_counters_from_time", lambda: iter(counters))


def _totp(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))


def _another(code: str) -> str:
    """One that opens nothing."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def _with_totp(client: Client) -> str:
    assert client.get(reverse("mfa_activate_totp"))["Location"].startswith(reverse("account_reauthenticate")), "the password is asked for again"
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert client.post(reverse("mfa_activate_totp"), {"code": _totp(secret)}).status_code == 302
    return secret


@pytest.mark.usefixtures("half_a_minute")
@pytest.mark.django_db(transaction=True)
def test_with_an_authenticator_app_the_password_is_not_enough(client: Client) -> None:
    from tests.cast import assemble

    mina = with_password(assemble().mina)
    sign_in(client, "mina@example.com")
    secret = _with_totp(client)
    assert AuditEntry.objects.of(mina).filter(action="add_totp").count() == 1
    stored = Authenticator.objects.get(user=mina, type=Authenticator.Type.TOTP).data
    assert secret not in str(stored), "the secret is stored encrypted"
    client.post(reverse("account_logout"))
    assert sign_in(client, "mina@example.com")["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    assert client.post(reverse("mfa_authenticate"), {"code": _another(_totp(secret))}).status_code == 200
    assert not is_signed_in(client)
    cache.clear()  # a code works once; the one that switched it on is spent
    assert client.post(reverse("mfa_authenticate"), {"code": _totp(secret)}).status_code == 302
    assert is_signed_in(client)


@pytest.mark.usefixtures("half_a_minute")
@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_opens_once(client: Client) -> None:
    from tests.cast import assemble

    mina = with_password(assemble().mina)
    sign_in(client, "mina@example.com")
    _with_totp(client)
    code = Authenticator.objects.get(user=mina, type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == 200
    client.post(reverse("account_logout"))
    sign_in(client, "mina@example.com")
    assert client.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    assert is_signed_in(client)
    client.post(reverse("account_logout"))
    sign_in(client, "mina@example.com")
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert not is_signed_in(client)


def test_passkeys_can_be_reached(mina: User, client: Client) -> None:
    challenge = client.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    assert "challenge" in challenge.json()["request_options"]["publicKey"]
    sign_in(client, "mina@example.com")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    for page in ("mfa_list_webauthn", "mfa_add_webauthn", "mfa_index"):
        assert client.get(reverse(page)).status_code == 200


def test_an_invitation_leads_to_a_password_and_its_address_says_nothing(cast: Cast, client: Client) -> None:
    token = people.invite(cast.ivo, by=SET_UP, at=MONDAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasuki.web.passwords.now", lambda: MONDAY)
        answer = client.get(reverse("password_link", args=[token]))
        assert answer["Location"] == reverse("new_password")
        assert answer["Referrer-Policy"] == "no-referrer"
        assert client.post(reverse("new_password"), {"password": "short"}).status_code == 422
        assert client.post(reverse("new_password"), {"password": PASSWORD})["Location"] == reverse("account_login")
        assert client.get(reverse("password_link", args=[token])).status_code == 422
    assert sign_in(client, "ivo@example.com").status_code == 302
