"""Permission: asked at the moment of acting, it looks at blocks, words, country and clock, and what is not known is not allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.errors import Forbidden
from tasuki.core.teams import Team
from tasuki.crm import merging, records
from tasuki.crm.contacts import Basis, Channel, Consent, ConsentState, Contact
from tasuki.engage import blocks, consent_texts, consents, contact_rules, permission
from tasuki.engage.blocks import Block, BlockKind, LiftReasonMissing, NotBlocked, NothingToBlock
from tasuki.engage.consent_texts import ConsentText, TextIncomplete
from tasuki.engage.consents import ConsentIncomplete, Word
from tasuki.engage.contact_rules import ContactRule, RuleWrong
from tasuki.engage.permission import Allowed, Purpose, Refused
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 3, 3, 10, tzinfo=SEOUL)
NUMBER, ADDRESS = "+82 10 4747 5001", "seoyun@gaon.example"
GIVEN = Word(Channel.MAIL, ConsentState.GIVEN, "form on the site")


def person(country: str = "KR", nth: int = 1, *, phone: str = NUMBER, email: str = ADDRESS) -> Contact:
    account = records.add_account(
        records.Company(f"Firm {nth} {country}", country=country), owner=None, team=Team.objects.get(name="Inside sales"), another="x", by=SET_UP, at=MONDAY
    )
    contact = records.add_contact(
        records.Person("한", f"서윤{nth}", account=account, email=email, phone=phone, country="KR"), another="x", by=SET_UP, at=MONDAY
    )
    return fresh(contact)


def fresh(contact: Contact) -> Contact:
    return Contact.objects.for_page().get(pk=contact.pk)


def say(contact: Contact, word: Word = GIVEN, *, at: datetime = MONDAY) -> Contact:
    consents.record(contact, word=word, by=SET_UP, at=at)
    return fresh(contact)


def asked(contact: Contact, channel: Channel = Channel.MAIL, *, at: datetime = NOON, purpose: Purpose = Purpose.MARKETING, value: str = "") -> str:
    answer = permission.may(fresh(contact), channel=channel, at=at, purpose=purpose, value=value)
    return "allowed" if isinstance(answer, Allowed) else answer.code


@pytest.mark.parametrize(
    ("country", "channel", "answer"),
    [
        ("KR", Channel.MAIL, "unknown"),
        ("KR", Channel.MESSAGE, "unknown"),
        ("KR", Channel.PHONE, "unknown"),
        ("JP", Channel.MAIL, "unknown"),
        ("JP", Channel.PHONE, "allowed"),
        ("DE", Channel.MAIL, "unknown"),
        ("US", Channel.MESSAGE, "unknown"),
        ("BR", Channel.MAIL, "unknown"),
        ("BR", Channel.PHONE, "unknown"),
        ("KR", Channel.POST, "allowed"),
    ],
)
def test_what_is_not_known_is_not_allowed_but_where_the_country_says_so(cast: Cast, *, country: str, channel: Channel, answer: str) -> None:
    assert asked(person(country), channel) == answer


def test_a_person_writes_to_a_person_unless_they_refused(cast: Cast) -> None:
    contact = person()
    assert asked(contact, purpose=Purpose.PERSONAL) == "allowed"
    say(contact, replace(GIVEN, state=ConsentState.REFUSED))
    assert asked(contact, purpose=Purpose.PERSONAL) == "refused"


def test_what_is_given_for_talk_gives_no_advertising_and_the_other_way_round_it_does(cast: Cast) -> None:
    contact = say(person("BR"), replace(GIVEN, channel=Channel.PHONE, purpose=Purpose.PERSONAL, covers_night=True))
    assert asked(contact, Channel.PHONE, purpose=Purpose.PERSONAL) == "allowed"
    assert asked(contact, Channel.PHONE) == "unknown"
    say(contact, replace(GIVEN, channel=Channel.PHONE), at=MONDAY + timedelta(hours=1))
    assert (asked(contact, Channel.PHONE), asked(contact, Channel.PHONE, purpose=Purpose.PERSONAL)) == ("allowed", "allowed")
    say(contact, replace(GIVEN, channel=Channel.PHONE, state=ConsentState.REFUSED, purpose=Purpose.PERSONAL), at=MONDAY + timedelta(hours=2))
    assert asked(contact, Channel.PHONE) == "refused", "a no counts for all"


def test_the_latest_word_holds(cast: Cast) -> None:
    contact = say(person())
    assert asked(contact) == "allowed"
    say(contact, replace(GIVEN, state=ConsentState.WITHDRAWN), at=MONDAY + timedelta(hours=1))
    assert asked(contact) == "refused"
    assert asked(contact, at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) == "allowed", "as it was then"
    say(contact, at=MONDAY + timedelta(hours=2))
    assert asked(contact) == "allowed"
    assert asked(contact, Channel.MESSAGE) == "unknown", "one channel says nothing of another"


def test_another_basis_does_where_the_country_lets_it_and_expires(cast: Cast) -> None:
    card = replace(GIVEN, basis=Basis.BUSINESS_CARD)
    assert asked(say(person("JP", 1), card)) == "allowed"
    assert asked(say(person("BR", 2), card)) == "basis"
    customer = say(person("KR", 3), replace(GIVEN, basis=Basis.EXISTING_BUSINESS))
    row = Consent.objects.get(contact=customer)
    assert row.until_on == MONDAY.date() + timedelta(days=180)
    last = datetime(row.until_on.year, row.until_on.month, row.until_on.day, 10, tzinfo=SEOUL)
    assert (asked(customer, at=last), asked(customer, at=last + timedelta(days=1))) == ("allowed", "expired")


@pytest.mark.parametrize(
    "word",
    [
        replace(GIVEN, how=" "),
        replace(GIVEN, state=ConsentState.REFUSED, covers_night=True),
        replace(GIVEN, state=ConsentState.WITHDRAWN, basis=Basis.BUSINESS_CARD),
        replace(GIVEN, basis=Basis.BUSINESS_CARD, covers_night=True),
        replace(GIVEN, until_on=date(2026, 3, 1)),
    ],
)
def test_a_word_that_cannot_be_is_refused(cast: Cast, word: Word) -> None:
    with pytest.raises(ConsentIncomplete):
        consents.record(person(), word=word, by=SET_UP, at=MONDAY)


@pytest.mark.parametrize("statement", ["UPDATE crm_consent SET state = 'given'", "UPDATE crm_consent SET at = now()", "DELETE FROM crm_consent"])
def test_what_was_said_stays_whoever_writes(cast: Cast, statement: str) -> None:
    say(person(), replace(GIVEN, state=ConsentState.REFUSED))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(("hour", "answer"), [(7, "quiet"), (8, "allowed"), (20, "allowed"), (21, "quiet"), (23, "quiet"), (0, "quiet")])
def test_the_night_in_korea_is_quiet(cast: Cast, hour: int, answer: str) -> None:
    contact = say(person(), replace(GIVEN, channel=Channel.MESSAGE))
    at = datetime(2026, 3, 3, hour, tzinfo=SEOUL)
    assert asked(contact, Channel.MESSAGE, at=at) == answer
    said = permission.may(contact, channel=Channel.MESSAGE, at=at)
    if isinstance(said, Refused):
        assert said.until == datetime(2026, 3, 3 if hour < 9 else 4, 8, tzinfo=SEOUL)


def test_the_night_needs_a_consent_of_its_own_that_a_no_takes_along(cast: Cast) -> None:
    night = datetime(2026, 3, 3, 23, tzinfo=SEOUL)
    word = replace(GIVEN, channel=Channel.MESSAGE)
    contact = say(person(), word)
    say(contact, replace(word, covers_night=True), at=MONDAY + timedelta(hours=1))
    assert asked(contact, Channel.MESSAGE, at=night) == "allowed"
    say(contact, word, at=MONDAY + timedelta(hours=2))
    assert asked(contact, Channel.MESSAGE, at=night) == "allowed", "saying yes again takes nothing back"
    say(contact, replace(word, state=ConsentState.WITHDRAWN), at=MONDAY + timedelta(hours=3))
    say(contact, word, at=MONDAY + timedelta(hours=4))
    assert asked(contact, Channel.MESSAGE, at=night) == "quiet"


@pytest.mark.parametrize(
    ("clock", "answer"), [("08:59", "hours"), ("09:00", "allowed"), ("12:15", "lunch"), ("13:00", "allowed"), ("17:59", "allowed"), ("18:00", "hours")]
)
def test_people_are_called_in_their_hours_but_for_lunch(cast: Cast, clock: str, answer: str) -> None:
    contact_rules.change(ContactRule.objects.get(country="JP"), said={"lunch_from": 720, "lunch_until": 780}, by=SET_UP, at=MONDAY)
    contact = person("JP", phone="+81 3 3210 0000")
    hour, minute = map(int, clock.split(":"))
    assert asked(contact, Channel.PHONE, at=datetime(2026, 3, 3, hour, minute, tzinfo=ZoneInfo("Asia/Tokyo"))) == answer


def test_the_clock_is_that_of_the_number_and_of_every_zone_where_we_do_not_know(cast: Cast) -> None:
    chicago = person("US", 1, phone="+1 312 555 0129")
    at = datetime(2026, 3, 3, 14, 30, tzinfo=UTC)  # 08:30 in Chicago, 09:30 in New York
    answer = permission.may(chicago, channel=Channel.PHONE, at=at)
    assert isinstance(answer, Refused)
    assert answer.until == datetime(2026, 3, 3, 15, tzinfo=UTC)
    somewhere = person("US", 2, phone="+1 800 555 0129")
    assert asked(somewhere, Channel.PHONE, at=at + timedelta(hours=1)) == "quiet", "it is night in Honolulu"


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 7, tzinfo=UTC)),  # the clocks go forward: 9 is 7 in UTC
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)),  # and back
    ],
)
def test_hours_hold_on_the_days_on_which_the_clocks_change(cast: Cast, at: datetime, until: datetime) -> None:
    answer = permission.may(person("DE", phone="+49 30 2345678"), channel=Channel.PHONE, at=at)
    assert isinstance(answer, Refused)
    assert answer.until == until


def test_a_block_holds_for_whoever_has_the_number_at_once_and_is_lifted_by_few(cast: Cast) -> None:
    first, second = person("JP", 1, phone="+81 3 3210 0000"), person("JP", 2, phone="+81-3-3210-0000", email="other@x.example")
    at = datetime(2026, 3, 3, 10, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert asked(second, Channel.PHONE, at=at) == "allowed"
    row = blocks.block("+81 (3) 3210 0000", reason="asked on the phone", by=By(cast.ivo, Door.WEB), at=MONDAY)
    assert blocks.block("+81332100000", by=SET_UP, at=MONDAY) == row, "twice is once"
    assert {asked(first, Channel.PHONE, at=at), asked(second, Channel.PHONE, at=at)} == {"blocked"}
    later = person("JP", 3, phone="+81332100000", email="third@x.example")
    assert asked(later, Channel.PHONE, at=at) == "blocked", "who comes later too"
    assert (row.value, row.ends_with, row.shown) == ("", "0000", "…0000")
    assert "3210" not in row.digest
    with pytest.raises(Forbidden):
        blocks.unblock(row, reason="a mistake", by=By(cast.ivo, Door.WEB), at=MONDAY)
    with pytest.raises(LiftReasonMissing):
        blocks.unblock(row, reason=" ", by=By(cast.ada, Door.WEB), at=MONDAY)
    blocks.unblock(row, reason="a mistake", by=By(cast.ada, Door.WEB), at=MONDAY)
    with pytest.raises(NotBlocked):
        blocks.unblock(row, reason="again", by=By(cast.ada, Door.WEB), at=MONDAY)
    assert asked(first, Channel.PHONE, at=at) == "allowed"
    assert [entry.action for entry in AuditEntry.objects.of(row).order_by("pk")] == ["block", "unblock"]
    assert blocks.block("+81332100000", by=SET_UP, at=MONDAY) != row, "what was lifted is blocked anew"


def test_a_domain_blocks_all_its_addresses_and_those_below_it(cast: Cast) -> None:
    contact = say(person(email="a@mail.gaon.example"))
    assert asked(contact) == "allowed"
    blocks.block("gaon.example", by=SET_UP, at=MONDAY)
    assert asked(contact) == "blocked"
    assert asked(contact, value="b@gaon.example") == "blocked"
    assert asked(contact, value="b@notgaon.example") == "allowed"
    assert asked(contact, value="no address") == "blocked", "what cannot be read cannot be looked up"


def test_values_are_kept_only_while_the_settings_say_so(cast: Cast) -> None:
    blocks.keep_values(keeps=True, by=By(cast.ada, Door.WEB), at=MONDAY)
    row = blocks.block("Mina@Gaon.Example", by=SET_UP, at=MONDAY)
    assert (row.kind, row.value) == (BlockKind.MAIL, "mina@gaon.example")
    blocks.keep_values(keeps=False, by=By(cast.ada, Door.WEB), at=MONDAY)
    assert Block.objects.get(pk=row.pk).shown == "…gaon.example"
    assert blocks.is_blocked(address="mina@gaon.example")


@pytest.mark.parametrize("text", ["", " ", "x", "@", "a b c", "+82", "1" * 300, "x" * 400, "\x00", "'; DROP TABLE crm_contact; --"])
def test_what_is_no_number_and_no_address_is_not_blocked(cast: Cast, text: str) -> None:
    with pytest.raises(NothingToBlock):
        blocks.block(text, by=SET_UP, at=MONDAY)


def test_of_people_who_are_merged_the_stricter_word_holds_and_blocks_stay(cast: Cast) -> None:
    one, other = say(person(nth=1)), say(person(nth=2, phone="+82 10 4747 5002"), replace(GIVEN, state=ConsentState.REFUSED))
    say(one, at=MONDAY + timedelta(hours=1))
    blocks.block("+82 10 4747 5002", by=SET_UP, at=MONDAY)
    merging.merge(one, others=[other], by=By(cast.ada, Door.WEB), at=MONDAY + timedelta(hours=2))
    assert asked(one) == "refused"
    assert asked(one, Channel.PHONE, value="+821047475002") == "blocked"


def test_rules_are_checked(cast: Cast) -> None:
    rule = ContactRule.objects.get(country="KR")
    for said in ({"calls_from": 1100, "calls_until": 600}, {"lunch_from": 720}, {"lunch_from": 800, "lunch_until": 700}, {"quiet_from": 1440}):
        with pytest.raises(RuleWrong):
            contact_rules.change(rule, said=said, by=SET_UP, at=MONDAY)
    contact_rules.change(rule, said={"quiet_from": 0, "quiet_until": 0}, by=SET_UP, at=MONDAY)
    contact = say(person(), replace(GIVEN, channel=Channel.MESSAGE))
    assert asked(contact, Channel.MESSAGE, at=datetime(2026, 3, 3, 3, tzinfo=SEOUL)) == "allowed", "no quiet time at all"


def test_each_version_of_a_text_is_kept_and_named_by_the_consent(cast: Cast) -> None:
    words = {"text_en": "I agree", "text_ko": "동의합니다", "text_ja": "同意します"}
    first = consent_texts.write("newsletter", texts=words, by=SET_UP, at=MONDAY)
    assert consent_texts.write("newsletter", texts=words, by=SET_UP, at=MONDAY) == first
    second = consent_texts.write("newsletter", texts={**words, "text_en": "I do agree"}, by=SET_UP, at=MONDAY)
    assert (second.version, list(ConsentText.objects.in_force())) == (2, [second])
    with pytest.raises(TextIncomplete):
        consent_texts.write("newsletter", texts={**words, "text_ja": " "}, by=SET_UP, at=MONDAY)
    contact = say(person(), replace(GIVEN, text=second))
    assert Consent.objects.get(contact=contact).text_version == "newsletter v2"


WORDS = st.lists(
    st.tuples(
        st.sampled_from([Channel.MAIL, Channel.MESSAGE, Channel.PHONE]),
        st.sampled_from(list(ConsentState)),
        st.sampled_from([Basis.CONSENT, Basis.CONSENT, Basis.BUSINESS_CARD, Basis.EXISTING_BUSINESS]),
        st.booleans(),
        st.integers(0, 400),
    ),
    max_size=6,
)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = st.fixed_dictionaries(
    {
        "channel": st.sampled_from([Channel.MAIL, Channel.MESSAGE, Channel.PHONE]),
        "purpose": st.sampled_from(list(Purpose)),
        "at": st.integers(0, 700 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes)),
    }
)


def a_ledger(country: str, words: list[tuple[Channel, ConsentState, Basis, bool, int]]) -> Contact:
    contact = person(country)
    for channel, state, basis, night, day in words:
        is_given = state is ConsentState.GIVEN
        word = Word(channel, state, "x", basis=basis if is_given else Basis.CONSENT, covers_night=is_given and night and basis is Basis.CONSENT)
        consents.record(contact, word=word, by=SET_UP, at=FIRST + timedelta(days=day))
    return fresh(contact)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, country=st.sampled_from(["KR", "JP", "DE", "US", "BR"]), asks=ASKED)
def test_whatever_was_said_nobody_is_reached_at_night_after_a_no_or_on_a_block(cast: Cast, *, words: Any, country: str, asks: Any) -> None:
    with transaction.atomic():
        contact = a_ledger(country, words)
        answer = permission.may(contact, **asks)
        assert permission.may(contact, **asks, seen=permission.look(contact)) == answer, "a look at all is a look at each"
        said = [one for one in contact.consents.all() if one.channel == asks["channel"] and one.at <= asks["at"]]
        if isinstance(answer, Allowed):
            assert not said or said[0].state == ConsentState.GIVEN
            hour = asks["at"].astimezone(SEOUL).hour  # every number here is Korean
            if asks["channel"] is not Channel.MAIL and not any(one.covers_night for one in said):
                assert 8 <= hour < 21
            assert asks["channel"] is not Channel.PHONE or 9 <= hour < 18
        elif answer.until is not None:
            assert answer.until > asks["at"]
            then = permission.may(contact, **{**asks, "at": answer.until})
            assert isinstance(then, Allowed) or then.code not in {"quiet", "hours", "lunch"}
        blocks.block(ADDRESS if asks["channel"] is Channel.MAIL else NUMBER, by=SET_UP, at=MONDAY)
        blocked = permission.may(contact, **asks)
        assert permission.may(contact, **asks, seen=permission.look(contact)) == blocked
        assert isinstance(blocked, Refused), "a block never allows more"
        assert blocked.code == "blocked"
        transaction.set_rollback(True)
