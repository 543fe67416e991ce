"""Who is enrolled and who is not, and why; and the guard that holds steps back."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tasuki.core.audit import By, Door
from tasuki.core.errors import Forbidden
from tasuki.crm import leads, records, stages
from tasuki.crm.contacts import Channel, ConsentState
from tasuki.crm.leads import Arrival, Lead
from tasuki.engage import meetings
from tasuki.engage.meetings import Plan
from tasuki.engage.sequences import enrolling, leaving, writing
from tasuki.engage.sequences.enrolling import NotEnrolled, NothingPublished, Reason, TooManyAtOnce
from tasuki.engage.sequences.enrolments import Enrolment
from tasuki.engage.sequences.writing import Settings
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage.mailing import connected
from tests.engage.sequences.writing import CALL, LETTER, MAIL, TEN, company, days, enrolled, fresh, ivo, letters, person, sequence_of, tick, to_do

pytestmark = pytest.mark.django_db


def refused(cast: Cast, lead: Lead, into: writing.Sequence | None = None) -> Reason:
    with pytest.raises(NotEnrolled) as refusal:
        enrolled(cast, lead, into or sequence_of(CALL))
    return refusal.value.reason


def test_a_person_is_in_one_sequence_at_a_time_and_the_database_says_so(cast: Cast) -> None:
    lead = person(cast)
    member = enrolled(cast, lead, sequence_of(CALL))
    other = sequence_of(CALL, name="Another")
    assert refused(cast, lead, other) == Reason.IN_ONE
    with pytest.raises(IntegrityError, match="one_active_sequence_per_person"), transaction.atomic():
        Enrolment.objects.create(sequence=other, version=other.versions.get(), lead=lead, contact=member.contact, owner=cast.ivo, enrolled_at=TEN, due_at=TEN)


def test_a_person_may_be_enrolled_again_after_a_fortnight(cast: Cast) -> None:
    lead, sequence = person(cast), sequence_of(CALL)
    leaving.stop(enrolled(cast, lead, sequence), by=ivo(cast), at=TEN)
    with pytest.raises(NotEnrolled, match="not long ago"):
        enrolled(cast, lead, sequence, at=days(13.9))
    assert enrolled(cast, lead, sequence, at=days(14.1))


def test_each_reason_against_a_lead_has_its_words(cast: Cast) -> None:
    sequence = sequence_of(CALL)
    nobody = leads.capture(Arrival(team=cast.inside_sales, owner=cast.ivo), by=SET_UP, at=MONDAY)
    assert refused(cast, nobody, sequence) == Reason.NO_PERSON
    over, in_sales, met, no = (person(cast, nth) for nth in range(1, 5))
    leads.disqualify(over, reason="student", by=SET_UP, at=MONDAY)
    assert refused(cast, over, sequence) == Reason.OVER
    leads.advance(in_sales, to=stages.P1, by=SET_UP, at=MONDAY)
    assert refused(cast, in_sales, sequence) == Reason.IN_SALES
    meetings.book(met, plan=Plan(cast.saori, days(2)), by=SET_UP, at=TEN)
    assert refused(cast, met, sequence) == Reason.BOOKED
    assert no.contact
    records.record_consent(no.contact, channel=Channel.MAIL, state=ConsentState.REFUSED, how="said", by=SET_UP, at=TEN)
    assert refused(cast, no, sequence) == Reason.SAID_NO
    assert refused(cast, person(cast, 9, email=""), sequence_of(MAIL, name="Mail only")) == Reason.NO_ADDRESS


def test_only_a_sequence_in_force_takes_members_and_only_of_whoever_works_leads(cast: Cast) -> None:
    lead, sequence = person(cast), sequence_of(CALL)
    unpublished = writing.add(Settings("Draft"), by=SET_UP, at=MONDAY)
    with pytest.raises(NothingPublished):
        enrolled(cast, lead, unpublished)
    with pytest.raises(Forbidden):
        enrolling.enrol(lead, into=sequence, by=By(cast.chika, Door.WEB), at=TEN)
    writing.archive(sequence, by=SET_UP, at=MONDAY)
    with pytest.raises(NothingPublished):
        enrolled(cast, lead, sequence)


def test_many_are_enrolled_in_few_statements_each_refused_with_its_reason(cast: Cast) -> None:
    sequence = sequence_of(CALL)
    few, many = [person(cast, nth) for nth in range(2)], [person(cast, nth) for nth in range(10, 22)]
    gone = 999_999_999
    with CaptureQueriesContext(
        connection,
    ) as for_few:
        enrolling.enrol_all([lead.pk for lead in few], into=sequence, by=ivo(cast), at=TEN)
    ids = [lead.pk for lead in [*many, few[0]]]
    with CaptureQueriesContext(connection) as for_many:
        told = enrolling.enrol_all([*ids, gone], into=sequence, by=ivo(cast), at=TEN)
    assert len(told.enrolments) == 12
    assert told.refused == {few[0].pk: Reason.IN_ONE, gone: Reason.GONE}
    assert len(for_many) <= len(for_few) + 2
    with pytest.raises(TooManyAtOnce):
        enrolling.enrol_all(range(1, 6_000), into=sequence, by=ivo(cast), at=TEN)


def test_of_several_leads_of_one_person_one_is_enrolled(cast: Cast) -> None:
    one = person(cast)
    other = Lead.objects.get(pk=one.pk)
    other.pk, other.product_line = None, "another"
    other.save()
    told = enrolling.enrol_all([one.pk, other.pk], into=sequence_of(CALL), by=ivo(cast), at=TEN)
    assert told.refused == {other.pk: Reason.IN_ONE}


def test_only_so_many_people_of_a_company_are_reached_on_a_day(cast: Cast) -> None:
    account, sequence = company(cast), sequence_of(CALL, n_people_a_day=2)
    members = [enrolled(cast, person(cast, nth, account=account), sequence) for nth in range(1, 4)]
    tick(days(1))
    late = [one for one in members if not one.deeds.exists()]
    assert len(late) == 1
    due = fresh(late[0]).due_at
    assert due
    assert due.date() > days(1).date()
    tick(days(2))
    assert to_do(late[0])


def test_a_mailbox_sends_so_many_a_day_and_the_rest_tomorrow(cast: Cast) -> None:
    connected(cast.ivo)
    sequence = sequence_of(MAIL, n_mails_a_day=2)
    members = [enrolled(cast, person(cast, nth), sequence) for nth in range(1, 5)]
    tick()
    assert sum(bool(letters(one)) for one in members) == 2
    tick(days(1))
    assert sum(bool(letters(one)) for one in members) == 4


def test_a_letter_goes_out_for_the_owner_of_the_lead_whoever_enrolled_it(cast: Cast) -> None:
    lead = person(cast)
    member = enrolling.enrol(lead, into=sequence_of(LETTER), by=By(cast.ruth, Door.WEB), at=TEN)
    tick(days(1))
    assert (member.owner, to_do(member).owner) == (cast.ruth, cast.ivo)
