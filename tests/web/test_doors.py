"""Every door of the house, walked from the URL map: closed to strangers and to Tomas, unless it is written down here as open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tasuki.core.abilities import Role
from tasuki.web import middleware
from tests.cast import Cast, hired, with_password
from tests.web import town as towns

pytestmark = pytest.mark.django_db

# Open to everybody in the world.
OPEN = {
    "account_login": "the way in",
    "account_logout": "the way out, also for whoever is out already",
    "account_inactive": "says that a person has left",
    "mfa_authenticate": "the second half of signing in",
    "mfa_login_webauthn": "signing in with a passkey",
    "account_reset_password": "asks for an address, and says nothing about it",
    "password_link": "asks for a signed token",
    "new_password": "asks for a signed token, in the session",
    "first_run": "says where the first link is; asks for a signed key, in the session",
    "first_link": "asks for a signed key",
    "language": "the language of the page before signing in",
    "mail_click": "asks for a signed token from a mail, and leads only to what stood in that mail",
    "mail_open": "a picture of one dot, whatever is asked",
    "mail_withdrawal": "asks for a signed token from a mail, and ends only mail to whom it was sent",
    "notification_silence": "asks for a signed token from a mail, and ends only mails",
    "telephone_events": "asks for a signature over what it is told, and is not there without a telephone system",
    "telephone_recording": "asks for a signature over every byte, and is not there without a telephone system",
    "booking": "asks for a signed token, which one lead has, and shows when one of us is free",
    "booking_cancellation": "asks for the same token",
    "meeting_feed": "asks for a signed token, which one person has, and shows their meetings",
    "health": "says ok",
}
# Open to whoever has signed in, with or without a role: their own account and nothing else.
OWN = {
    "profile",
    "theme",
    "keys",
    "account_change_password",
    "account_set_password",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}
# What a converter's argument may look like. Whether such a record exists makes no difference: the door comes first.
EXAMPLES = {"IntConverter": 1, "StringConverter": "x", "SlugConverter": "x", "PathConverter": "x/y", "UUIDConverter": "6f1d7a52-3e3b-4f0e-8d2e-6b0f8b6f3c11"}


@dataclass(frozen=True)
class Door:
    name: str
    address: str


def doors(resolver: URLResolver | None = None) -> Iterator[Door]:
    """Each named pattern of the URL map with its arguments filled in."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from doors(entry)
        elif isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern}: give this URL a name, so that it can be classified"
            converters = _converters(entry.name)
            yield Door(entry.name, reverse(entry.name, kwargs={name: EXAMPLES[type(converter).__name__] for name, converter in converters.items()}))


def _converters(name: str) -> dict[str, object]:
    """All arguments of a named URL, those of the patterns around it too."""
    possibility = get_resolver().reverse_dict.getlist(name)[0]
    return dict(possibility[3])


def test_every_address_says_whose_it_is_so_that_the_walks_reach_it() -> None:
    unsaid = [name for name in dict.fromkeys(towns.names()) if towns.n_arguments(name) and name not in towns.ARGUMENTS]
    assert not unsaid, f"Say in OF or ARGUMENTS of tests/web/town_addresses.py which record of the town stands in these addresses: {unsaid}"
    gone = set(towns.ARGUMENTS) - set(towns.names())
    assert not gone, f"Take these out of tests/web/town_addresses.py: they are in the URL map no more: {gone}"


def closed() -> list[Door]:
    return [door for door in doors() if door.name not in OPEN and door.name not in OWN]


def test_what_is_open_is_written_down_and_nothing_written_down_is_gone() -> None:
    names = {door.name for door in doors()}
    assert set(OPEN) == middleware.OPEN, "a URL was opened to the world: say here why"
    assert middleware.OWN == OWN, "a URL was opened to people without a role: add it here on purpose"
    assert set(OPEN) | OWN <= names, "no such URL any more"
    assert len(closed()) > 10


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_a_stranger_is_led_to_the_way_in(client: Client, method: str) -> None:
    for door in [*closed(), *(door for door in doors() if door.name in OWN)]:
        answer = getattr(client, method)(door.address)
        assert answer.status_code == 302, door
        assert answer["Location"].split("?")[0] == reverse("account_login"), door


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_tomas_is_refused_everywhere(cast: Cast, client: Client, method: str) -> None:
    client.force_login(cast.tomas)
    for door in closed():
        assert getattr(client, method)(door.address).status_code == 403, door


@pytest.mark.parametrize("name", ["profile", "account_change_password", "account_reauthenticate", "mfa_index", "mfa_list_webauthn"])
def test_tomas_reaches_his_own_account(cast: Cast, client: Client, name: str) -> None:
    client.force_login(with_password(cast.tomas))
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", ["language", "theme"])
def test_tomas_changes_what_he_reads(cast: Cast, client: Client, name: str) -> None:
    client.force_login(cast.tomas)
    assert client.post(reverse(name), {name: "ko" if name == "language" else "dark", "next": "https://evil.example/"})["Location"] == "/"
    assert client.cookies["django_language" if name == "language" else "theme"].value in {"ko", "dark"}


def test_an_address_that_leads_nowhere_tells_a_stranger_nothing(cast: Cast, client: Client) -> None:
    assert client.get("/no/such/page").status_code == 302
    client.force_login(cast.tomas)
    assert client.get("/no/such/page").status_code == 403
    client.force_login(cast.ada)
    assert client.get("/no/such/page").status_code == 404


def test_the_way_in_leads_back_to_the_page_that_was_asked_for(client: Client) -> None:
    assert client.get("/people?show=left")["Location"] == "/sign-in/?next=%2Fpeople%3Fshow%3Dleft"
    assert client.post("/people/hire")["Location"] == "/sign-in/", "a form that was not read is not sent again"
    answer = client.get("/people", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/sign-in/")


# Pages that ask for an ability beyond a role. Ruth manages, and still may not do these.
FOR_ADA = [
    ("get", "hire", []),
    ("post", "hire", []),
    ("get", "person_change", ["ivo"]),
    ("post", "person_change", ["ivo"]),
    ("post", "person_roles", ["ivo"]),
    ("post", "person_role_end", ["ivo", "inside_seller"]),
    ("post", "person_invitation", ["ivo"]),
    ("get", "person_departure", ["ivo"]),
    ("post", "person_departure", ["ivo"]),
    ("post", "teams", []),
    ("post", "team", ["success"]),
    ("get", "audit", []),
    ("post", "stage", ["ready"]),
]


@pytest.mark.parametrize(("method", "name", "arguments"), FOR_ADA)
def test_a_manager_is_refused_what_only_ada_may(cast: Cast, client: Client, *, method: str, name: str, arguments: list[str]) -> None:
    address = reverse(name, args=[getattr(cast, word).pk if hasattr(cast, word) else word for word in arguments])
    client.force_login(cast.ruth)
    answer = getattr(client, method)(address)
    assert answer.status_code == 403
    assert "You may not" in answer.content.decode()


def test_an_absence_is_marked_by_oneself_by_the_manager_and_by_ada_only(cast: Cast, client: Client) -> None:
    address = reverse("person_absences", args=[cast.ivo.pk])
    for n, (person, status) in enumerate([(cast.ivo, 302), (cast.ruth, 302), (cast.ada, 302), (cast.mina, 403)], start=1):
        client.force_login(person)
        assert client.post(address, {"first_on": f"2026-05-0{n}", "last_on": f"2026-05-0{n}"}).status_code == status


def test_an_observer_comes_in_but_changes_nothing(cast: Cast, client: Client) -> None:
    client.force_login(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    assert client.get(reverse("people")).status_code == 200
    assert client.post(reverse("hire")).status_code == 403


def test_health_asks_nobody_who_they_are(client: Client) -> None:
    answer = client.get(reverse("health"))
    assert (answer.status_code, answer.content) == (200, b"ok")
