"""The list of people: asked like any list, by whoever sees colleagues, and of absences only that somebody is away."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from tasuki.core import absences, people
from tasuki.core.abilities import Role
from tasuki.core.people import User
from tests.cast import MONDAY, SET_UP, Cast, hired
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def listed(who: User, question: str = "") -> set[str]:
    answer = signed_in(who).get(reverse("people") + question)
    assert answer.status_code == 200, answer.content.decode()
    shown = {int(pk) for pk in re.findall(r'<tr id="user-(\d+)"', answer.content.decode())}
    return {person.display_name for person in User.objects.get_queryset().filter(pk__in=shown)}


def exported(who: User, question: str) -> str:
    return b"".join(signed_in(who).get(f"{reverse('export', args=['user'])}?form=csv&{question}")).decode("utf-8-sig")


def away(person: User, *, first: int, last: int, reason: str = "") -> None:
    today = localdate()
    absences.mark(person, first_on=today + timedelta(days=first), last_on=today + timedelta(days=last), reason=reason, by=SET_UP, at=MONDAY)


def test_people_are_asked_by_team_role_and_whether_they_are_here(cast: Cast) -> None:
    everybody = listed(cast.mina)
    assert {"Ivo Horvat", "민아라", "Ruth Adeyemi"} <= everybody
    assert listed(cast.mina, f"?filter=team:is({cast.inside_sales.pk})") == {"Ivo Horvat"}
    assert listed(cast.mina, "?filter=role:is(manager)") == {"Ruth Adeyemi"}
    assert listed(cast.ruth, "?filter=team:in_team(mine),role:is(inside_seller, marketer)") == {"Ivo Horvat", "민아라"}
    people.leave(cast.ivo, by=SET_UP, at=MONDAY)
    assert listed(cast.mina) == everybody - {"Ivo Horvat"}
    assert listed(cast.mina, "?view=left") == {"Ivo Horvat"}
    assert "Ivo Horvat" in listed(cast.mina, "?view=all&q=horvat")


def test_who_has_no_role_yet_is_a_view(cast: Cast) -> None:
    hired("nia", "Nia", "Park", role=None)
    assert "Nia" in " ".join(listed(cast.ada, "?view=no_role"))
    assert "Ivo Horvat" not in listed(cast.ada, "?view=no_role")


def test_who_is_away_is_asked_by_the_day_that_it_is_where_they_are(cast: Cast) -> None:
    away(cast.ivo, first=-2, last=2, reason="surgery")
    away(cast.mina, first=-9, last=-3)
    away(cast.saori, first=3, last=4)
    assert listed(cast.ruth, "?view=away") == {"Ivo Horvat"}
    assert "Ivo Horvat" not in listed(cast.ruth, "?filter=away:no")
    text = signed_in(cast.ruth).get(reverse("people")).content.decode()
    assert text.count("tag-soon") == 1
    assert "surgery" not in text
    assert "surgery" not in signed_in(cast.ruth).get(reverse("person_peek", args=[cast.ivo.pk])).content.decode()


def test_a_file_of_people_holds_roles_and_until_when_they_are_away_and_no_reason(cast: Cast) -> None:
    away(cast.ivo, first=0, last=2, reason="surgery")
    text = exported(cast.ruth, "q=horvat")
    head, row = text.strip().splitlines()
    assert head == "Name,Job title,Team,Roles,E-mail address,Away"
    assert row.startswith("Ivo Horvat,")
    assert "Inside seller" in row
    assert row.endswith(str(localdate() + timedelta(days=2)))
    assert "surgery" not in text
    assert signed_in(cast.ivo).get(f"{reverse('export', args=['user'])}?form=csv").status_code == 403


def test_people_are_paged_in_the_order_of_their_names_and_each_comes_once(cast: Cast) -> None:
    for nth in range(60):
        hired(f"colleague{nth}", "Kim", f"Jun{nth:02}", role=Role.OBSERVER)
    client, address, seen = signed_in(cast.ada), reverse("people"), list[str]()
    while address:
        text = client.get(address).content.decode()
        seen += re.findall(r'<tr id="user-(\d+)"', text)
        older = re.search(r'href="(\?[^"]+)" rel="next"', text)
        address = reverse("people") + older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == User.objects.active().count()


def test_an_outsider_sees_nobody_in_list_glance_or_file(cast: Cast) -> None:
    client = signed_in(cast.tomas)
    for address in (reverse("people"), reverse("people") + "?view=all&q=horvat", reverse("person_peek", args=[cast.ivo.pk])):
        answer = client.get(address)
        assert answer.status_code in (200, 403, 404)
        assert "Horvat" not in answer.content.decode().replace('value="horvat"', "")
