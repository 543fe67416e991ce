"""Who hears the call that a disputed hand-off is about, and for how long."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry
from tasuki.core.people import User
from tasuki.crm import stages
from tasuki.crm.leads import Lead
from tasuki.engage import calls, recordings
from tasuki.engage.calls import Outcome
from tasuki.engage.dispositions import Disposition
from tasuki.engage.lent_calls import LentCall
from tasuki.engage.recording_rows import Recording
from tasuki.inside_sales.coaching import comments
from tasuki.inside_sales.coaching.comments import CallComment
from tasuki.relay import handoff_recordings, handoff_talks, handoffs
from tasuki.relay.handoff_reasons import Reason
from tasuki.relay.handoff_rows import Handoff, HandoffDispute
from tasuki.relay.handoffs import Return
from tests.cast import Cast, hired
from tests.engage.calling import open_day_and_night, type_of
from tests.inside_sales.coaching.hearing import tone, upload
from tests.relay.handing import AFTER, OFFERED, by, offered, package, qualified
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db

# What the form asks for, beside to whom it goes.
PACKAGE = {"meeting_at": "2026-03-10T15:00", "summary": "Night checks by hand", "agenda": "Limits", "attendees": "Head of risk", "why": "", "recording": ""}


@pytest.fixture(autouse=True)
def storage_of_its_own(settings: Settings, tmp_path: Any) -> None:
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": place}


def talk(cast: Cast, lead: Lead, *, hours_before: float, is_recorded: bool = True) -> calls.Call:
    """A conversation of Ivo's about the lead before it was offered."""
    open_day_and_night()
    began = OFFERED - timedelta(hours=hours_before)
    call = calls.begin(lead, call_type=type_of(), by=by(cast.ivo), at=began)
    calls.dispose(call, outcome=Outcome(Disposition.TALK, note="limits"), by=by(cast.ivo), at=began + timedelta(minutes=5))
    if is_recorded:
        recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=by(cast.ivo), at=began + timedelta(minutes=9))
    return call


def returned(cast: Cast, handoff: Handoff) -> Handoff:
    handoffs.give_back(handoff, said=Return(Reason.NO_PROBLEM, "Nothing hurts them."), by=by(cast.saori), at=AFTER)
    return Handoff.objects.get(pk=handoff.pk)


def disputed(handoff: Handoff, cast: Cast) -> HandoffDispute:
    return handoff_talks.dispute(handoff, text="Hear minute four.", by=by(cast.ivo), at=AFTER)


def hears(user: User, call: calls.Call) -> bool:
    fresh = User.objects.get(pk=user.pk)
    answer = signed_in(fresh).get(reverse("recording_audio", args=[Recording.objects.get(call=call).pk]))
    is_heard = Recording.objects.heard_by(fresh).filter(call=call).exists()
    assert (answer.status_code == 200) == is_heard
    assert not is_heard or b"".join(answer)[:4] == b"RIFF"
    return is_heard


def test_the_managers_of_both_sides_and_the_parties_hear_that_call_while_it_is_not_decided(cast: Cast) -> None:
    handoff = offered(cast)
    other, call = talk(cast, handoff.lead, hours_before=30), talk(cast, handoff.lead, hours_before=2)
    handoff = returned(cast, handoff)
    theirs = hired("nina", "Roth", "Nina", role=Role.MANAGER, team=cast.field_sales)
    elsewhere = hired("mo", "Diaz", "Mo", role=Role.MANAGER, team=cast.marketing)
    beside = hired("ken", "渡辺", "健", role=Role.FIELD_SELLER, team=cast.field_sales)
    assert not hears(theirs, call), "of another department's calls a manager hears none"
    found = disputed(handoff, cast)
    assert hears(theirs, call)
    assert hears(cast.saori, call), "whoever gave it back hears on what it rests"
    assert not hears(theirs, other), "and no other call about the lead"
    assert not any(hears(one, call) for one in (elsewhere, beside, cast.mina, cast.chika, cast.tomas))
    link = reverse("call", args=[call.pk])
    assert link in signed_in(theirs).get(reverse("handoff", args=[handoff.pk])).content.decode()
    assert "because of a hand-off that is disputed" in signed_in(theirs).get(link).content.decode()
    handoff_talks.judge(found, stands=True, text="", by=by(cast.ruth), at=AFTER)
    assert not any(hears(one, call) for one in (theirs, cast.saori))
    assert hears(cast.ruth, call), "who leads the caller hears it as before"
    assert not LentCall.objects.exists()
    assert list(AuditEntry.objects.of(call).filter(action__in=["lend", "end_loan"]).order_by("pk").values_list("action", flat=True)) == ["lend", "end_loan"]


def test_who_hears_a_lent_call_reads_nothing_of_what_coaches_said_about_it_and_does_nothing_with_it(cast: Cast) -> None:
    handoff = offered(cast)
    call = talk(cast, handoff.lead, hours_before=2)
    handoff = returned(cast, handoff)
    recording = Recording.objects.get(call=call)
    theirs = hired("nina", "Roth", "Nina", role=Role.MANAGER, team=cast.field_sales)
    comments.say(recording, second=0, text="Too long an opening.", by=by(cast.ruth), at=AFTER)
    disputed(handoff, cast)
    assert "Too long an opening." not in signed_in(theirs).get(reverse("call", args=[call.pk])).content.decode()
    assert not CallComment.objects.visible_to(theirs).exists()
    assert not recordings.may_remove(recording, theirs)
    for name in ("recording_removal", "recording_model"):
        assert signed_in(theirs).post(reverse(name, args=[recording.pk]), {"situation": "x", "why": "y"}).status_code == 404


def test_the_call_is_the_one_that_the_package_names_and_never_one_about_another_lead(cast: Cast) -> None:
    handoff, another = offered(cast), offered(cast, 2)
    early, late = talk(cast, handoff.lead, hours_before=30), talk(cast, handoff.lead, hours_before=2, is_recorded=False)
    foreign = talk(cast, another.lead, hours_before=3)
    assert handoff_recordings.call_of(handoff) == early, "a recorded one first"
    for address, call in [
        (f"https://tasuki.example/calls/{late.pk}", late),
        (f"https://tasuki.example/calls/{foreign.pk}", early),
        ("https://elsewhere.example/rec/17", early),
        ("https://tasuki.example/calls/9999999999999999999", early),
    ]:
        handoff.recording = address
        assert handoff_recordings.call_of(handoff) == call, address


def test_a_recorded_call_of_the_lead_is_named_and_one_about_another_is_refused(cast: Cast) -> None:
    another = offered(cast)
    lead = qualified(lead_of(cast, 2, stage=stages.CONNECTED), user=cast.ivo)
    call, later = talk(cast, lead, hours_before=30), talk(cast, lead, hours_before=2)
    unrecorded, foreign = talk(cast, lead, hours_before=4, is_recorded=False), talk(cast, another.lead, hours_before=3)
    assert list(handoff_recordings.recorded_calls(lead, user=cast.ivo)) == [later, call]
    assert list(handoff_recordings.recorded_calls(lead, user=cast.tomas)) == []
    page = signed_in(cast.ivo).get(reverse("handoff_new", args=[lead.pk])).content.decode()
    assert f'<option value="{call.pk}">Ivo Horvat · ' in page
    assert f'<option value="{unrecorded.pk}">' not in page
    for other in (foreign.pk, unrecorded.pk, "x", 10**20):
        said = {**PACKAGE, "to": f"u{cast.saori.pk}", "call": other}
        assert signed_in(cast.ivo).post(reverse("handoff_new", args=[lead.pk]), said).status_code == 422
    with pytest.raises(handoff_recordings.CallOfAnother):
        handoffs.offer(lead, package=replace(package(), call=foreign), to=cast.saori, by=by(cast.ivo), at=OFFERED)
    assert signed_in(cast.ivo).post(reverse("handoff_new", args=[lead.pk]), {**PACKAGE, "to": f"u{cast.saori.pk}", "call": call.pk}).status_code == 302
    handoff = Handoff.objects.get(lead=lead)
    assert handoff_recordings.call_of(handoff) == call, "the one that is named, and not the newest"
    shown = signed_in(cast.ivo).get(reverse("handoff", args=[handoff.pk])).content.decode()
    link = re.search(rf'<a class="link" href="/calls/{call.pk}">(.*?)</a>', shown)
    assert link is not None
    assert "Ivo Horvat · " in link.group(1)


def test_an_address_that_was_typed_stays_readable(cast: Cast) -> None:
    handoff = offered(cast)
    Handoff.objects.filter(pk=handoff.pk).update(recording="https://elsewhere.example/rec/17")
    assert 'href="https://elsewhere.example/rec/17"' in signed_in(cast.ivo).get(reverse("handoff", args=[handoff.pk])).content.decode()


def test_a_dispute_about_a_lead_that_nobody_talked_to_lends_nothing_and_a_recording_brought_later_is_heard(cast: Cast) -> None:
    handoff, another = offered(cast), offered(cast, 2)
    disputed(returned(cast, another), cast)
    assert not LentCall.objects.exists()
    call = talk(cast, handoff.lead, hours_before=2, is_recorded=False)
    disputed(returned(cast, handoff), cast)
    recordings.keep(call, attachment=upload(tone(0.1)), notice="told", by=by(cast.ivo), at=AFTER)
    assert hears(cast.saori, call)
