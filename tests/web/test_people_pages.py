"""The pages about ourselves, as Ada works with them and as the others read them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from tasuki.core import absences, people
from tasuki.core.abilities import Ability, Role, standing_of
from tasuki.core.absences import Absence
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.people import User
from tasuki.core.teams import Team
from tasuki.crm.stages import TEXTS, Stage, in_force
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_every_page_can_be_read_in_three_languages(cast: Cast, client: Client, language: str) -> None:
    today = timezone.localdate()
    absences.mark(cast.ivo, first_on=today, last_on=today + timedelta(days=2), deputy=cast.mina, reason="trip", by=SET_UP, at=MONDAY)
    people.change(cast.ada, language=language, by=SET_UP, at=MONDAY)
    client.force_login(cast.ada)
    ivo = cast.ivo.pk
    for address in (
        reverse("people"),
        reverse("people") + "?view=left",
        reverse("person", args=[ivo]),
        reverse("person_change", args=[ivo]),
        reverse("person_departure", args=[ivo]),
        reverse("hire"),
        reverse("teams"),
        reverse("roles"),
        reverse("audit"),
        reverse("profile"),
        reverse("stages"),
        reverse("stage", args=["p1"]),
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert f'<html lang="{language}"' in answer.content.decode(), address


def test_ada_hires_grants_and_invites(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    fields = {"family_name": "윤", "given_name": "서준", "email": "yun@example.com", "language": "ko", "time_zone": "Asia/Seoul", "team": cast.success.pk}
    assert client.post(reverse("hire"), fields).status_code == 302
    yun = User.objects.get(email="yun@example.com")
    client.post(reverse("person_roles", args=[yun.pk]), {"role": "success_manager"})
    assert standing_of(User.objects.get(pk=yun.pk)).roles == {Role.SUCCESS_MANAGER}
    assert "/password/" in client.post(reverse("person_invitation", args=[yun.pk])).content.decode()
    assert client.post(reverse("person_roles", args=[yun.pk]), {"role": "king"}).status_code == 422
    assert AuditEntry.objects.of(yun).filter(actor=cast.ada, door="web").count() == 3


def test_ada_sees_a_person_off(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert client.post(reverse("person_departure", args=[cast.ivo.pk])).status_code == 302
    assert not User.objects.get(pk=cast.ivo.pk).is_active
    assert "Ivo Horvat" in client.get(reverse("people") + "?view=left").content.decode()
    assert "Ivo Horvat" not in client.get(reverse("people")).content.decode()


def test_ada_arranges_teams_and_a_circle_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    client.post(reverse("teams"), {"name": "Japan desk", "department": "sales", "parent": cast.field_sales.pk})
    desk = Team.objects.get(name="Japan desk")
    client.post(reverse("team", args=[desk.pk]), {"name": "Tokyo desk", "parent": cast.success.pk})
    desk.refresh_from_db()
    assert (desk.name, desk.parent) == ("Tokyo desk", cast.success)
    assert client.post(reverse("team", args=[cast.success.pk]), {"name": "Customer success", "parent": desk.pk}).status_code == 422
    assert client.post(reverse("teams"), {"name": "X", "department": "kitchen"}).status_code == 422


def test_the_reason_of_an_absence_is_for_the_person_and_ada(cast: Cast, client: Client) -> None:
    today = timezone.localdate()
    absences.mark(cast.ivo, first_on=today, last_on=today, reason="surgery", by=SET_UP, at=MONDAY)
    for person, reads in ((cast.ada, True), (cast.ivo, True), (cast.mina, False)):
        client.force_login(person)
        assert ("surgery" in client.get(reverse("person", args=[cast.ivo.pk])).content.decode()) is reads
    client.force_login(cast.ivo)
    client.post(reverse("absence_end", args=[Absence.objects.get().pk]))
    assert not Absence.objects.exists()


def test_the_log_is_filtered_by_noun_person_and_day(cast: Cast, client: Client) -> None:
    people.change(cast.ivo, title="Lighthouse keeper", by=By(cast.ada, Door.WEB), at=MONDAY)
    client.force_login(cast.ada)

    def shows(query: str) -> bool:
        return "Lighthouse keeper" in client.get(reverse("audit") + query).content.decode()

    assert shows("")
    assert shows(f"?filter=noun:is(user),record:is({cast.ivo.pk}),actor:is({cast.ada.pk}),at:on(2026-03-02)")
    assert not shows("?filter=noun:is(team)")
    assert not shows(f"?filter=actor:is({cast.ruth.pk})")
    assert not shows("?filter=at:on(2026-03-03)")


def test_the_table_of_roles_is_the_one_that_decides(cast: Cast, client: Client) -> None:
    client.force_login(cast.ruth)
    page = client.get(reverse("roles")).content.decode()
    assert all(capfirst(str(ability.label)) in page for ability in Ability)
    assert all(str(role.label) in page for role in Role)


def test_a_new_definition_is_a_new_version_and_an_incomplete_one_is_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    stage = Stage.objects.get(pk="ready")
    before = stage.definitions.count()
    texts = {name: f"words for {name}" for name in TEXTS}
    assert client.post(reverse("stage", args=["ready"]), texts).status_code == 302
    assert in_force()["ready"].state_en == "words for state_en"
    client.post(reverse("stage", args=["ready"]), texts)
    assert client.post(reverse("stage", args=["ready"]), texts | {"exit_ja": " "}).status_code == 422
    assert stage.definitions.count() == before + 1


def test_mina_chooses_how_she_reads(cast: Cast, client: Client) -> None:
    client.force_login(cast.mina)
    assert client.post(reverse("profile"), {"language": "ja", "time_zone": "Asia/Tokyo"}).status_code == 302
    mina = User.objects.get(pk=cast.mina.pk)
    assert (mina.language, mina.time_zone) == ("ja", "Asia/Tokyo")
    assert client.post(reverse("profile"), {"language": "ja", "time_zone": "Mars/Olympus"}).status_code == 422
