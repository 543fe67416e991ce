"""The trail in words: what happened, to which field, from what to what; and nothing that its reader may not know."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse

import tasuki
from tasuki.core import abilities, roles
from tasuki.core.abilities import Ability, Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.custom_fields import writing
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.money import Money
from tasuki.crm import leads
from tasuki.crm.contacts import Channel
from tasuki.sales import opportunities
from tasuki.web import audit, changes
from tests.cast import MONDAY, Cast
from tests.core.test_custom_fields import made
from tests.web.office import deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db


def trail(cast: Cast, who: str = "ada", **asked: object) -> str:
    text = signed_in(getattr(cast, who)).get(reverse("audit"), asked).content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text.split("<tbody>")[1].split("</tbody>")[0])).split())


def test_every_action_that_is_written_down_has_words() -> None:
    code = [path.read_text(encoding="utf-8") for path in Path(tasuki.__file__).parent.rglob("*.py") if path.parent.name != "web"]
    written = {action for text in code for action in re.findall(r'\baction="(\w+)"', text)}
    assert len(written) > 20
    assert not written - set(audit.ACTIONS), "say in ACTIONS of tasuki/web/audit.py what the reader is told"


def test_people_teams_stages_roles_and_moments_are_called_by_their_names(cast: Cast) -> None:
    by = By(cast.ruth, Door.WEB)
    lead = lead_of(cast)
    leads.give(lead, to=cast.mina, team=cast.marketing, reason="new region", by=by, at=MONDAY + timedelta(days=1))
    roles.grant(cast.ivo, role=Role.FIELD_SELLER, by=By(cast.ada, Door.WEB), at=MONDAY)
    opportunities.win(deal_of(cast, 2), by=by, at=MONDAY + timedelta(days=9))
    text = trail(cast)
    for words in ("owner Ivo Horvat → 민아라", "team Inside sales → Marketing", "role – → Field seller", "stage – → Working", "won – → Mar 11 09:00"):
        assert words in text, words


def test_consent_and_lists_are_told_too(cast: Cast) -> None:
    from tasuki.crm import records
    from tasuki.crm.contacts import ConsentState

    contact = lead_of(cast).contact
    assert contact
    records.record_consent(contact, channel=Channel.MAIL, state=ConsentState.GIVEN, how="form", by=By(cast.ivo, Door.WEB), at=MONDAY)
    signed_in(cast.ada).get(reverse("export", args=["lead"]), {"form": "csv"})
    text = trail(cast)
    assert "mail – → given" in text
    assert "list – → lead" in text


def test_a_stranger_value_stays_as_it_was_written(cast: Cast) -> None:
    lead = lead_of(cast)
    odd = {"won_at": ["never", None], "owner": [10**9, None], "stage": ["gone", None], "no_such_field": [None, [1, "a"]]}
    AuditEntry.objects.create(at=MONDAY, actor=None, door=Door.COMMAND, noun="lead", record_id=lead.pk, action="odd", changes=odd)
    AuditEntry.objects.create(at=MONDAY, actor=None, door=Door.COMMAND, noun="no_such_noun", record_id=1, action="odd", changes={"x": [True, False]})
    text = trail(cast)
    for words in ("won never → –", "owner #1000000000 → –", "stage #gone → –", "no_such_field – → 1, a", "x yes → no"):
        assert words in text, words


def test_who_may_not_see_an_amount_or_a_field_finds_it_in_no_trail(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    deal, field = deal_of(cast), made(FieldKind.TEXT, "Wing", noun=FieldNoun.OPPORTUNITY)
    said = {"money": Money(Decimal(31_313_131), "KRW"), "close_on": date(2026, 5, 1)}
    deal = opportunities.change(deal, said=said, by=By(cast.saori, Door.WEB), at=MONDAY + timedelta(days=2))
    writing.write(deal, said={field.pk: "north"}, by=By(cast.saori, Door.WEB), at=MONDAY + timedelta(days=2))
    assert "31313131" in trail(cast)
    assert "north" in trail(cast)
    monkeypatch.setitem(abilities.ABILITIES, Ability.SEE_AMOUNTS, frozenset())
    CustomField.objects.update(hidden_from=[Role.ADMINISTRATOR])
    text = trail(cast)
    assert "31313131" not in text
    assert "north" not in text
    assert "expected close date" in text


def test_a_trail_costs_the_same_for_two_entries_and_for_twelve(cast: Cast) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def n_queries() -> int:
        entries = list(AuditEntry.objects.all())
        abilities.standing_of(cast.ada)
        with CaptureQueriesContext(connection) as queries:
            changes.in_words(entries, reader=cast.ada)
        return len(queries)

    for nth in range(2):
        lead_of(cast, nth)
    few = n_queries()
    for nth in range(2, 12):
        lead_of(cast, nth)
    assert n_queries() == few
