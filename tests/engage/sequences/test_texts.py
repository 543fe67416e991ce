"""Letters, messages and tasks of a sequence have a text worth sending: filled when the step comes, whole before whoever does it, and on paper."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core import organisation
from tasuki.core.organisation import the_organisation
from tasuki.crm import records, tasks
from tasuki.crm.leads import Lead
from tasuki.engage import booking_links
from tasuki.engage.sequences import writing
from tasuki.engage.sequences.enrolments import Deed
from tasuki.engage.sequences.writing import CannotPublish, SequenceRefused, Wording
from tests.cast import MONDAY, SET_UP, Cast
from tests.engage.sequences.writing import CALL, enrolled, ivo, person, sequence_of, tick, to_do
from tests.web.office import signed_in

pytestmark = pytest.mark.django_db

TEXT = "{family_name} 귀하\n\n**{account}**의 야간 거래를 위해 드립니다.\n\n- 한도\n- 증거금\n\n{sender}, {organisation}"


def come(cast: Cast, *wordings: Wording, lead: Lead | None = None) -> Deed:
    """The first step of a sequence of these, come to today."""
    member = enrolled(cast, lead or person(cast), sequence_of(*wordings))
    tick()
    deed = to_do(member)
    Deed.objects.filter(pk=deed.pk).update(due_on=now().date())
    return to_do(member)


def letter(words: str = TEXT) -> Wording:
    return Wording("letter", n_days=0, words=words)


def due(client: Client) -> str:
    return client.get(reverse("steps_due")).content.decode()


def paper(client: Client, deed: Deed) -> str:
    return client.get(reverse("deed_print", args=[deed.pk])).content.decode()


def test_the_text_is_filled_when_the_step_comes_and_stays_so(cast: Cast) -> None:
    lead = person(cast)
    deed = come(cast, letter(), lead=lead)
    assert deed.words.startswith("한 귀하\n\n**가온증권 1**의")
    assert "Ivo Horvat" in deed.words
    assert lead.account
    records.change_account(lead.account, said={"name": "다른 이름"}, by=SET_UP, at=now())
    assert to_do(deed.enrolment).words == deed.words
    task = deed.task
    assert task
    assert task.subject == f"Letter · {lead.title}", "a greeting says nothing of what is to be done"
    assert deed.words in task.details


def test_a_task_is_called_by_its_first_line_filled(cast: Cast) -> None:
    deed = come(cast, Wording("task", n_days=0, words="Send {account} the night tariff\nBy courier."))
    assert deed.task
    assert deed.task.subject.startswith("Send 가온증권 1 the night tariff · ")
    tasks.finish(deed.task, by=ivo(cast), at=now())


def test_what_is_not_known_stays_in_its_braces_and_is_said(cast: Cast) -> None:
    deed = come(cast, letter("{name}, {title}: about {product}, {booking}"))
    assert deed.words.startswith("한 서윤1, {title}: about {product}, http")
    assert deed.left_open == ["{title}", "{product}"]
    page = due(signed_in(cast.ivo))
    assert "Not known of this lead: {title}, {product}. Fill it in yourself." in page
    link = booking_links.BookingLink.objects.get()
    assert (link.lead, link.held_by) == (deed.enrolment.lead, cast.ivo)
    assert booking_links.address_of(link) in deed.words


def test_due_today_shows_it_whole_and_offers_to_copy_and_to_print(cast: Cast) -> None:
    long = "{name}\n" + "\n".join(f"line {nth} of the letter" for nth in range(40))
    deed = come(cast, letter(long))
    page = due(signed_in(cast.ivo))
    assert "line 39 of the letter" in page
    assert f'data-of="text-{deed.pk}"' in page
    assert f'id="text-{deed.pk}"' in page
    assert reverse("deed_print", args=[deed.pk]) in page


def test_a_letter_goes_to_the_postal_address_of_the_company(cast: Cast) -> None:
    deed = come(cast, letter())
    account = deed.enrolment.lead.account
    assert account
    records.change_account(account, said={"postal_address": " 06236 서울특별시 강남구 \r\n\r\n테헤란로 1 "}, by=SET_UP, at=MONDAY)
    page = paper(signed_in(cast.ivo), deed)
    assert '<address class="paper-to">06236 서울특별시 강남구<br>테헤란로 1<br>가온증권 1<br>한 서윤1 님 귀하</address>' in page
    assert "The postal address of their company is not known" not in page


def test_the_paper_says_who_writes_to_whom_in_their_language_and_invents_nothing(cast: Cast) -> None:
    organisation.change(the_organisation(), postal_address="12 Quay Street, Dublin", by=SET_UP, at=MONDAY)
    deed = come(cast, letter())
    page = paper(signed_in(cast.ivo), deed).partition('<article class="paper"')[2].partition("</article>")[0]
    assert page.startswith(' lang="ko"')
    assert "<br>12 Quay Street, Dublin" in page
    assert '가온증권 1<br>한 서윤1 님 귀하<span class="paper-blank"></span>' in page, "a place to write where it goes, and no address that nobody knows"
    assert "The postal address of their company is not known" in paper(signed_in(cast.ivo), deed)
    local = now()
    assert f"{local.year}년 {local.month}월" in page
    assert "<strong>가온증권 1</strong>" in page
    assert page.count("<li") == 2


def test_markup_in_a_letter_is_text(cast: Cast) -> None:
    deed = come(cast, letter("<script>alert(1)</script> {name}"))
    assert "<script>alert" not in paper(signed_in(cast.ivo), deed)
    assert "<script>alert" not in due(signed_in(cast.ivo))


def test_an_unknown_variable_is_refused_when_it_is_written_and_before_it_is_published(cast: Cast) -> None:
    sequence = sequence_of(CALL)
    draft = writing.draft(sequence, by=SET_UP, at=MONDAY)
    with pytest.raises(SequenceRefused, match="stands for nothing"):
        writing.add_step(draft, wording=letter("Dear {nme}"), by=SET_UP, at=MONDAY)
    step = writing.add_step(draft, wording=letter("Dear {name}"), by=SET_UP, at=MONDAY)
    type(step).objects.filter(pk=step.pk).update(words="Dear {nme}")
    with pytest.raises(CannotPublish, match="stands for nothing"):
        writing.publish(draft, by=SET_UP, at=MONDAY)
    page = signed_in(cast.ruth).get(reverse("sequence_step", args=[step.pk])).content.decode()
    assert "Text of the letter" in page
    assert "{family_name}" in page


def test_the_preview_shows_the_text_for_a_lead(cast: Cast) -> None:
    lead = person(cast)
    sequence = sequence_of(letter("{name}: {booking}"))
    page = signed_in(cast.ruth).get(reverse("sequence_preview", args=[sequence.pk]), {"lead": lead.pk}).content.decode()
    assert f"한 서윤1: {booking_links.example()}" in page
    assert not booking_links.BookingLink.objects.exists()


def test_a_letter_is_printed_by_whoever_does_the_step_and_nobody_else(cast: Cast) -> None:
    deed = come(cast, letter())
    address = reverse("deed_print", args=[deed.pk])
    assert signed_in(cast.tomas).get(address).status_code == 403
    assert signed_in(cast.saori).get(address).status_code in {403, 404}
    assert signed_in(cast.ruth).get(address).status_code == 200
    assert Client().get(address).status_code == 302
