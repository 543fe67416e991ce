"""The pages of sequences: written, looked at, gone through; what a person does of them today; and a lead in one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.bulk.runs import BulkRun
from tasuki.crm.contacts import ContactPhone
from tasuki.engage.message_rows import Message
from tasuki.engage.sequences.definitions import Sequence, Step
from tasuki.engage.sequences.enrolments import Deed, Enrolment, State, Why
from tests.cast import Cast, hired
from tests.engage.calling import open_day_and_night
from tests.engage.mailing import connected
from tests.engage.sequences.writing import BY_HAND, CALL, LETTER, days, enrolled, fresh, person, sequence_of, tick, to_do
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db


def sent(client: Client, name: str, /, *args: int, **said: Any) -> int:
    return client.post(reverse(name, args=args), said).status_code


def text(client: Client, name: str, /, *args: int, query: str = "") -> str:
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_manager_writes_a_sequence_without_any_script_and_publishes_it(cast: Cast) -> None:
    ruth = signed_in(cast.ruth)
    assert sent(ruth, "sequences", name="야간 거래", language="ko", about="증권사") == 302
    sequence = Sequence.objects.get()
    assert sent(ruth, "sequence_steps", sequence.pk, kind="mail") == 302
    mail = Step.objects.get()
    said = {
        "n_days": 0,
        "from_clock": "09:00",
        "until_clock": "18:00",
        "A-subject": "야간",
        "A-text": "{name}님",
        "B-subject": "심야",
        "B-text": "{name} 부장님",
    }
    assert sent(ruth, "sequence_step", mail.pk, **said) == 302
    assert sent(ruth, "sequence_step", mail.pk, **said) == 302, "the second wording is asked for once there is a first"
    assert sent(ruth, "sequence_steps", sequence.pk, kind="call") == 302
    call = Step.objects.get(kind="call")
    assert sent(ruth, "sequence_step_place", call.pk, to=1) == 302
    assert [step.kind for step in Step.objects.order_by("position")] == ["call", "mail"]
    assert "심야" in text(ruth, "sequence_draft", sequence.pk)
    assert sent(ruth, "sequence_publication", sequence.pk) == 302
    assert "not sent yet" in text(ruth, "sequence", sequence.pk)


def test_what_stands_in_the_way_of_publishing_is_said(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    sent(ada, "sequences", name="Empty", language="en")
    sequence = Sequence.objects.get()
    for kind in ("branch", "mail", "letter"):
        sent(ada, "sequence_steps", sequence.pk, kind=kind)
    page = text(ada, "sequence_draft", sequence.pk)
    for problem in ("Step 1 listens to a call, and no call comes before it.", "The mail of step 2 has no text.", "Step 3 does not say what to do."):
        assert problem in page
    sent(ada, "sequence_publication", sequence.pk)
    assert sequence.versions.get().is_draft


def test_a_variable_that_there_is_not_is_refused_where_it_was_typed_and_nothing_is_saved(cast: Cast) -> None:
    ada = signed_in(cast.ada)
    sent(ada, "sequences", name="One", language="en")
    sent(ada, "sequence_steps", Sequence.objects.get().pk, kind="mail")
    step = Step.objects.get()
    answer = ada.post(
        reverse("sequence_step", args=[step.pk]), {"n_days": 5, "from_clock": "09:00", "until_clock": "18:00", "A-subject": "x", "A-text": "{nmae}"}
    )
    assert answer.status_code == 422
    assert "{nmae}" in answer.content.decode()
    step.refresh_from_db()
    assert (step.n_days, step.variants.count()) == (0, 0)


@pytest.mark.parametrize(
    "said", [{"n_days": "-1"}, {"n_days": "91"}, {"n_days": "x"}, {"until_clock": "08:00"}, {"from_clock": "25:00"}, {"goes_to": "1"}, {"hears": "fax"}]
)
def test_a_step_that_makes_no_sense_is_refused(cast: Cast, said: dict[str, str]) -> None:
    ada = signed_in(cast.ada)
    sent(ada, "sequences", name="One", language="en")
    sent(ada, "sequence_steps", Sequence.objects.get().pk, kind="branch")
    good = {"n_days": "1", "from_clock": "09:00", "until_clock": "18:00", "hears": "answered", "goes_to": ""}
    assert sent(ada, "sequence_step", Step.objects.get().pk, **good | said) == 422


def test_whoever_works_leads_looks_at_sequences_and_does_not_write_them(cast: Cast) -> None:
    sequence, ivo = sequence_of(CALL), signed_in(cast.ivo)
    assert "Write a sequence" not in text(ivo, "sequences")
    assert "Begin a draft" not in text(ivo, "sequence", sequence.pk)
    for name in ("sequence_draft", "sequence_terms", "sequence_archiving", "sequence_publication", "sequence_steps"):
        assert sent(ivo, name, sequence.pk, name="x", kind="call") == 403
    assert sent(ivo, "sequences", name="Mine", language="en") == 403


def test_every_number_has_its_n_and_its_rows_and_one_sees_ones_own_leads(cast: Cast) -> None:
    sequence = sequence_of(LETTER)
    members = [enrolled(cast, person(cast, nth), sequence) for nth in range(3)]
    Enrolment.objects.filter(pk=members[0].pk).update(replied_at=now())
    ruth = signed_in(cast.ruth)
    assert "33%" in text(ruth, "sequences").replace("\u00a0", "")
    page = text(ruth, "sequence_members", sequence.pk, query="?what=replied")
    assert "1 member" in page
    assert "서윤0" in page
    assert "서윤1" not in page
    assert "3 members" in text(ruth, "sequence_members", sequence.pk, query=f"?step={members[0].next_step_id}")
    outsider = hired("sunny", "Oh", "Sun", role=Role.FIELD_SELLER, team=cast.field_sales)
    assert "서윤" not in text(signed_in(outsider), "sequence_members", sequence.pk)


def test_the_preview_shows_what_a_real_lead_would_get(cast: Cast) -> None:
    lead = person(cast)
    sequence = sequence_of(BY_HAND, texts={1: [("{account} 야간", "{product}를 보셨습니까?")]})
    page = text(signed_in(cast.ivo), "sequence_preview", sequence.pk, query=f"?lead={lead.pk}")
    assert "{product} would stay empty" in page
    assert "한 서윤1" in page


def test_a_lead_is_enrolled_paused_goes_on_and_is_stopped_on_its_page(cast: Cast) -> None:
    lead, sequence, ivo = person(cast), sequence_of(CALL), signed_in(cast.ivo)
    assert "Enrol in a sequence" in text(ivo, "lead", lead.pk)
    assert sent(ivo, "lead_enrol", lead.pk, sequence=sequence.pk) == 302
    member = Enrolment.objects.get()
    assert "Pause the sequence" in text(ivo, "lead", lead.pk)
    assert sent(ivo, "enrolment_pausing", member.pk, until_on="2001-01-01") == 302
    assert fresh(member).state == State.ACTIVE, "a day that is over is none"
    for name, state in (("enrolment_pausing", State.PAUSED), ("enrolment_resuming", State.ACTIVE), ("enrolment_stopping", State.STOPPED)):
        assert sent(ivo, name, member.pk) == 302
        assert fresh(member).state == state
    assert fresh(member).why == Why.BY_HAND
    assert sent(ivo, "enrolment_stopping", member.pk) == 409
    assert sent(ivo, "lead_enrol", lead.pk, sequence=sequence.pk) == 422, "not within a fortnight"
    assert sent(ivo, "lead_enrol", lead.pk, sequence="x" * 300) == 302


def test_many_are_enrolled_from_the_list_and_taken_out_again(cast: Cast) -> None:
    sequence, ivo = sequence_of(CALL), signed_in(cast.ivo)
    fits, fits_too, other = person(cast), person(cast, 2), person(cast, 3)
    enrolled(cast, other, sequence_of(LETTER, name="Other"))
    said = {"id": [fits.pk, fits_too.pk, other.pk], "enrol-sequence": sequence.pk}
    ivo.post(reverse("bulk_start", args=["lead", "enrol"]), said)
    assert set(Enrolment.objects.filter(sequence=sequence).values_list("lead", flat=True)) == {fits.pk, fits_too.pk}
    run = BulkRun.objects.get()
    assert (run.n_done, run.n_refused) == (2, 1)
    assert "the person is in a sequence already" in text(ivo, "bulk", run.pk)
    ivo.post(reverse("bulk_undoing", args=[run.pk]))
    assert set(Enrolment.objects.filter(sequence=sequence).values_list("state", flat=True)) == {State.STOPPED}


def test_a_call_that_is_due_says_when_nothing_allows_it(cast: Cast) -> None:
    lead = person(cast)
    enrolled(cast, lead, sequence_of(CALL))
    tick(days(1))
    ivo = signed_in(cast.ivo)
    open_day_and_night()
    page = text(ivo, "steps_due")
    assert "서윤1" in page
    assert "call-mark" not in page
    ContactPhone.objects.filter(contact=lead.contact_id).delete()
    page = text(ivo, "steps_due")
    assert "No number is known." in page
    assert f'href="{reverse("contact", args=[lead.contact_id])}">Add a number' in page


def test_what_is_due_today_is_done_there(cast: Cast) -> None:
    """By the clock on the wall: what a page shows as today's is asked of it."""
    sequence = sequence_of(BY_HAND, LETTER)
    connected(cast.ivo)
    member = enrolled(cast, person(cast), sequence)
    tick()
    deed = to_do(member)
    ivo = signed_in(cast.ivo)
    page = text(ivo, "steps_due")
    assert "서윤1" in page
    assert "Mail 1" in page
    assert "Hello 한 서윤1" in text(ivo, "deed_letter", deed.pk)
    assert sent(ivo, "deed_letter", deed.pk, subject="Night", text="About {product}") == 422, "a variable that is left is filled, or refused"
    assert sent(signed_in(cast.saori), "deed_done", deed.pk) in {403, 404}
    Deed.objects.filter(pk=deed.pk).update(begun_at=now())
    assert sent(ivo, "deed_letter", deed.pk, subject="Night", text="Dear 서윤") == 302
    assert Message.objects.get().words == "Dear 서윤"
    assert list(member.deeds.values_list("state", flat=True)) == ["done"]
    assert sent(ivo, "deed_done", deed.pk) == 409
