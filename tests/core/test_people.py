"""People are hired, invited, changed, and leave."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.test import Client

from tasuki.core import people, roles
from tasuki.core.abilities import Role, standing_of
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import AddressTaken, HasLeft, InvitationOver, PasswordTooWeak, PersonRefused, User
from tests.cast import MONDAY, PASSWORD, SET_UP, Cast, hired, with_password

pytestmark = pytest.mark.django_db


def test_ada_hires_a_person_who_can_do_nothing_yet(cast: Cast) -> None:
    newcomer = people.hire(" New.Comer@Example.com ", family_name="윤", given_name="서준", language="ko", by=By(cast.ada, Door.WEB), at=MONDAY)
    assert newcomer.email == "new.comer@example.com"
    assert newcomer.display_name == "윤서준"
    assert not newcomer.has_usable_password()
    assert standing_of(newcomer).abilities == frozenset()


def test_an_address_belongs_to_one_person_whatever_its_letters_look_like(cast: Cast) -> None:
    with pytest.raises(AddressTaken):
        people.hire("MINA@example.com", family_name="Other", by=SET_UP, at=MONDAY)
    with pytest.raises(AddressTaken):
        people.change(cast.ivo, email="Mina@Example.com", by=SET_UP, at=MONDAY)


@pytest.mark.parametrize(
    ("field", "value"), [("email", "no address"), ("email", None), ("family_name", ""), ("language", "xx"), ("time_zone", "Mars/Olympus"), ("title", "x" * 121)]
)
def test_a_wrong_field_is_refused_by_name(cast: Cast, field: str, value: str | None) -> None:
    with pytest.raises(PersonRefused) as refusal:
        people.change(cast.ivo, by=SET_UP, at=MONDAY, **{field: value})
    assert list(refusal.value.fields) == [field]


def test_change_writes_only_what_it_may(cast: Cast) -> None:
    changed = people.change(cast.ivo, title="Team lead", team=cast.success, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert (changed.title, changed.team) == ("Team lead", cast.success)
    with pytest.raises(TypeError, match="is_active"):
        people.change(cast.ivo, is_active=False, by=SET_UP, at=MONDAY)


def test_a_change_that_changes_nothing_leaves_no_trace(cast: Cast) -> None:
    before = AuditEntry.objects.of(cast.ivo).count()
    people.change(cast.ivo, title="", by=SET_UP, at=MONDAY)
    assert AuditEntry.objects.of(cast.ivo).count() == before


def test_an_invitation_sets_a_password_once(cast: Cast) -> None:
    token = people.invite(cast.mina, by=By(cast.ada, Door.WEB), at=MONDAY)
    mina = people.accept_invitation(token, password=PASSWORD, door=Door.WEB, at=MONDAY + timedelta(days=1))
    assert mina.check_password(PASSWORD)
    with pytest.raises(InvitationOver):
        people.accept_invitation(token, password="another evening at sea", door=Door.WEB, at=MONDAY + timedelta(days=1))


def test_an_invitation_ends_after_seven_days(cast: Cast) -> None:
    token = people.invite(cast.mina, by=SET_UP, at=MONDAY)
    with pytest.raises(InvitationOver):
        people.accept_invitation(token, password=PASSWORD, door=Door.WEB, at=MONDAY + timedelta(days=7, seconds=1))


@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: token.replace(":", ".", 1), lambda _token: "", lambda _token: "é"])
def test_a_forged_invitation_is_refused(cast: Cast, spoil) -> None:  # type: ignore[no-untyped-def]
    token = people.invite(cast.mina, by=SET_UP, at=MONDAY)
    with pytest.raises(InvitationOver):
        people.invited(spoil(token), at=MONDAY)


def test_an_invitation_does_not_outlive_the_job(cast: Cast) -> None:
    token = people.invite(cast.mina, by=SET_UP, at=MONDAY)
    people.leave(cast.mina, by=SET_UP, at=MONDAY)
    with pytest.raises(InvitationOver):
        people.invited(token, at=MONDAY)
    with pytest.raises(HasLeft):
        people.invite(cast.mina, by=SET_UP, at=MONDAY)


@pytest.mark.parametrize("password", ["short", "password123", "mina@example.com"])
def test_a_weak_password_is_refused(cast: Cast, password: str) -> None:
    token = people.invite(cast.mina, by=SET_UP, at=MONDAY)
    with pytest.raises(PasswordTooWeak):
        people.accept_invitation(token, password=password, door=Door.WEB, at=MONDAY)


def test_who_leaves_holds_no_role_and_is_signed_out_at_once(cast: Cast, client: Client) -> None:
    client.force_login(with_password(cast.ivo))
    people.leave(cast.ivo, by=By(cast.ada, Door.WEB), at=MONDAY)
    gone = User.objects.get(pk=cast.ivo.pk)
    assert not gone.is_active
    assert not gone.has_usable_password()
    assert not gone.role_grants.exists()
    response = client.get("/people")
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


def test_leaving_twice_changes_nothing(cast: Cast) -> None:
    people.leave(cast.ivo, by=SET_UP, at=MONDAY)
    before = AuditEntry.objects.of(cast.ivo).count()
    people.leave(cast.ivo, by=SET_UP, at=MONDAY + timedelta(days=1))
    assert AuditEntry.objects.of(cast.ivo).count() == before


def test_the_last_administrator_cannot_leave_and_nothing_of_it_stays(cast: Cast) -> None:
    with pytest.raises(roles.LastAdministrator):
        people.leave(cast.ada, by=SET_UP, at=MONDAY)
    assert User.objects.get(pk=cast.ada.pk).is_active
    roles.grant(cast.ruth, role=Role.ADMINISTRATOR, by=SET_UP, at=MONDAY)
    assert not people.leave(cast.ada, by=SET_UP, at=MONDAY).is_active


def test_a_password_reaches_neither_the_audit_trail_nor_the_log(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    mina = with_password(cast.mina)
    assert AuditEntry.objects.of(mina).filter(action="set_password").get().changes == {}
    everything = "\n".join(str(entry.changes) for entry in AuditEntry.objects.all())
    for secret in (PASSWORD, mina.password):
        assert secret not in everything
        assert not any(secret in record.getMessage() for record in caplog.records if record.name != "django.db.backends")


def test_people_see_their_colleagues_and_tomas_sees_nobody(cast: Cast) -> None:
    assert User.objects.visible_to(cast.chika).count() == 7
    assert not User.objects.visible_to(cast.tomas).exists()


def test_hired_without_a_team_has_no_tree(cast: Cast) -> None:
    assert standing_of(hired("nils", "Berg", "Nils", role=Role.MANAGER)).tree == frozenset()
