"""Authenticator app and passkey in a real browser, with a key that the browser plays: set up, used, taken away; each page clean."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.urls import reverse

from tests.cast import PASSWORD, Cast, assemble, with_password
from tests.web.browsing import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

A_KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def desk(page: Any, live_server: Any, cast: Cast) -> Any:
    """Saori's browser, with a key in it, signed in by password."""
    with_password(cast.saori)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": A_KEY})
    by_password(page, live_server)
    page.wait_for_url(re.compile("/(relay)?$"))
    return page


def by_password(page: Any, live_server: Any) -> None:
    page.goto(live_server.url + reverse("account_login"))
    page.fill("[name=login]", "saori@example.com")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")


def clean(page: Any) -> None:
    assert violations(page) == [], page.url


def opened(page: Any, live_server: Any, name: str) -> None:
    """The page of that name; who asks again for the password, gets it."""
    page.goto(live_server.url + reverse(name))
    if reverse("account_reauthenticate") in page.url:
        clean(page)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**" + reverse(name))
    clean(page)


def leave(page: Any, live_server: Any) -> None:
    opened(page, live_server, "account_logout")
    page.locator(".door-acts button").click()
    page.wait_for_url("**" + reverse("account_login") + "*")


def test_saori_signs_in_with_a_passkey(desk: Any, live_server: Any) -> None:
    opened(desk, live_server, "mfa_list_webauthn")
    opened(desk, live_server, "mfa_add_webauthn")
    desk.fill("[name=name]", "机の鍵")
    desk.check("[name=passwordless]")
    desk.click("#mfa_webauthn_add")
    desk.wait_for_url("**" + reverse("mfa_view_recovery_codes"))
    clean(desk)
    opened(desk, live_server, "mfa_list_webauthn")
    assert "机の鍵" in desk.locator(".door-keys").inner_text()
    leave(desk, live_server)
    desk.click("#passkey_login")
    desk.wait_for_url(re.compile("/(relay)?$"))


def test_saori_signs_in_with_a_code_of_her_app(desk: Any, live_server: Any, settings: Any) -> None:
    # However long the browser takes to send what is a code for half a minute: five minutes before and after are good.
    settings.MFA_TOTP_TOLERANCE = 10
    opened(desk, live_server, "mfa_activate_totp")
    secret = desk.input_value("#authenticator_secret")
    desk.fill("[name=code]", "000000")
    desk.press("[name=code]", "Enter")
    desk.locator(".form-error").wait_for()
    clean(desk)
    counter = list(yield_hotp_counters_from_time())[settings.MFA_TOTP_TOLERANCE]
    desk.fill("[name=code]", format_hotp_value(hotp_value(secret, counter)))
    desk.press("[name=code]", "Enter")
    desk.wait_for_url("**" + reverse("mfa_view_recovery_codes"))
    codes = desk.input_value("#recovery_codes").split()
    assert len(codes) == 10
    clean(desk)
    opened(desk, live_server, "mfa_index")
    leave(desk, live_server)
    by_password(desk, live_server)
    desk.wait_for_url("**" + reverse("mfa_authenticate"))
    clean(desk)
    # The app's code was used up a moment ago; the paper in the drawer helps.
    desk.fill("form.form:not(#webauthn_form) [name=code]", codes[0])
    desk.press("form.form:not(#webauthn_form) [name=code]", "Enter")
    desk.wait_for_url(re.compile("/(relay)?$"))
