"""The numbers of calls, by hand and from a public set of 45,211 people who were called."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasuki.core.audit import By, Door
from tasuki.core.imports.copying import copy_in
from tasuki.crm.leads import Lead
from tasuki.engage import call_metrics, calls
from tasuki.engage.calls import Call, Direction
from tasuki.engage.dispositions import CONVERSATIONS, Disposition
from tests.cast import MONDAY, Cast
from tests.engage.calling import call_of, callable_lead, outcome, type_of

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def told(cast: Cast, lead: Lead, *results: Disposition, minutes: float = 2) -> None:
    for n, what in enumerate(results):
        at = MONDAY + timedelta(minutes=30 * n)
        call = call_of(cast, lead, at=at, minutes=minutes)
        calls.dispose(call, outcome=outcome(what), by=By(cast.ivo, Door.WEB), at=at + timedelta(minutes=20))


def test_the_funnel_counts_dials_connects_people_and_conversations(cast: Cast) -> None:
    told(cast, callable_lead(cast, 1), Disposition.NO_ANSWER, Disposition.GATEKEEPER, Disposition.TALK)
    told(cast, callable_lead(cast, 2), Disposition.BUSY, Disposition.VOICEMAIL)
    told(cast, callable_lead(cast, 3), Disposition.MEETING)
    told(cast, callable_lead(cast, 4), Disposition.BAD_NUMBER)
    told(cast, callable_lead(cast, 5), Disposition.DISQUALIFIED, minutes=17)
    call_of(cast, callable_lead(cast, 6, number="+8225550199"), number="+8225550199", minutes=1)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = call_metrics.funnel(Call.objects.visible_to(cast.ada))
    assert len(asked) <= 2, "what Ada is, and one question"
    assert (found.n_dials, found.n_connects, found.n_conversations, found.n_meetings) == (7, 4, 3, 1)
    assert (found.n_attempted, found.n_reached, found.n_overrun, found.n_overrun_in_vain, found.n_without_result) == (4, 3, 1, 1, 1)
    assert (found.connect_rate, found.reach_rate, found.booking_rate) == (4 / 7, 3 / 4, 1 / 3)
    assert (found.overrun_share, found.overrun_in_vain_share) == (1 / 3, 1.0)
    assert call_metrics.talk_times(Call.objects.visible_to(cast.ada)) == [timedelta(minutes=2), timedelta(minutes=2), timedelta(minutes=17)]


def came_in(cast: Cast, lead: Lead, what: Disposition, *, at: datetime = MONDAY + timedelta(days=1)) -> None:
    call = calls.begin(lead, call_type=type_of(), direction=Direction.IN, by=By(cast.ivo, Door.WEB), at=at)
    calls.dispose(call, outcome=outcome(what, note="they called"), by=By(cast.ivo, Door.WEB), at=at + timedelta(minutes=5))


def test_whoever_calls_us_was_not_dialled_and_stands_in_no_rate_of_dials(cast: Cast) -> None:
    lead = callable_lead(cast, 1)
    told(cast, lead, Disposition.NO_ANSWER)
    came_in(cast, lead, Disposition.TALK)
    came_in(cast, callable_lead(cast, 2), Disposition.TALK)
    found = call_metrics.funnel(Call.objects.visible_to(cast.ada))
    assert (found.n_dials, found.n_connects, found.n_dialled_talks, found.connect_rate, found.conversation_rate) == (1, 0, 0, 0.0, 0.0)
    assert len(call_metrics.talk_times(Call.objects.visible_to(cast.ada))) == 2, "how long they talked is how long they talked"


def test_a_conversation_is_one_whoever_called(cast: Cast) -> None:
    one, two = callable_lead(cast, 1), callable_lead(cast, 2)
    told(cast, one, Disposition.NO_ANSWER)
    told(cast, two, Disposition.TALK)
    came_in(cast, one, Disposition.MEETING)
    came_in(cast, callable_lead(cast, 3), Disposition.NOT_INTERESTED)
    for n, missed in enumerate([Disposition.NO_ANSWER, Disposition.GATEKEEPER, Disposition.BAD_NUMBER], start=4):
        came_in(cast, callable_lead(cast, n), missed)
    found = call_metrics.funnel(Call.objects.visible_to(cast.ada))
    assert (found.n_dials, found.n_conversations, found.n_dialled_talks, found.n_incoming_talks) == (2, 3, 1, 2)
    assert (found.n_meetings, found.booking_rate, found.conversation_rate) == (1, 1 / 3, 1 / 2)
    assert (found.n_attempted, found.n_reached, found.reach_rate) == (3, 3, 1.0), "who called and was spoken with is tried and reached, whom we missed neither"


def test_whoever_was_reached_when_they_called_was_not_given_up(cast: Cast) -> None:
    for n in (1, 2):
        told(cast, callable_lead(cast, n), Disposition.NO_ANSWER)
    came_in(cast, Lead.objects.order_by("pk")[0], Disposition.TALK)
    came_in(cast, callable_lead(cast, 3), Disposition.NO_ANSWER)
    assert call_metrics.persistence(Call.objects.visible_to(cast.ada)).n_not_reached == 1


def test_nothing_has_no_rate(cast: Cast) -> None:
    found = call_metrics.funnel(Call.objects.visible_to(cast.ada))
    assert (found.n_dials, found.connect_rate, found.reach_rate, found.overrun_share) == (0, None, None, None)
    assert call_metrics.persistence(Call.objects.visible_to(cast.ada)).share is None


def test_persistence_looks_at_those_who_were_never_reached(cast: Cast) -> None:
    told(cast, callable_lead(cast, 1), *[Disposition.NO_ANSWER] * 6)
    told(cast, callable_lead(cast, 2), *[Disposition.NO_ANSWER] * 5)
    told(cast, callable_lead(cast, 3), Disposition.NO_ANSWER, Disposition.TALK)
    found = call_metrics.persistence(Call.objects.visible_to(cast.ada))
    assert (found.n_not_reached, found.n_tried_enough, found.share) == (2, 1, 0.5)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the public data sets (../shared/data) are not on this machine")
def test_the_calls_of_a_bank_give_the_figures_that_are_counted_from_its_file(cast: Cast) -> None:
    """Each row is a person, called `campaign` times in this campaign; the last call lasted `duration` seconds and ended in yes or no."""
    with (DATA / "bank-marketing" / "bank-full.csv").open(encoding="utf-8", newline="") as file:
        people = [(int(row["campaign"]), int(row["duration"]), row["y"] == "yes") for row in csv.DictReader(file, delimiter=";")]
    _write(cast, people)
    found = call_metrics.funnel(Call.objects.visible_to(cast.ada))
    spoke = [one for one in people if one[1] > 0]
    assert found.n_dials == sum(n for n, _seconds, _yes in people) == 124_956
    assert (found.n_attempted, found.n_reached, found.n_conversations) == (45_211, len(spoke), len(spoke))
    assert found.n_meetings == sum(yes for _n, _seconds, yes in people) == 5_289
    assert round(found.n_meetings / found.n_attempted, 4) == 0.1170
    assert found.n_overrun == sum(seconds > 900 for _n, seconds, _yes in people)
    assert found.n_overrun_in_vain == sum(seconds > 900 and not yes for _n, seconds, yes in people)
    times = call_metrics.talk_times(Call.objects.visible_to(cast.ada))
    assert [one.total_seconds() for one in times] == sorted(seconds for _n, seconds, _yes in spoke)
    never = [n for n, seconds, _yes in people if not seconds]
    waited = call_metrics.persistence(Call.objects.visible_to(cast.ada))
    assert (waited.n_not_reached, waited.n_tried_enough) == (len(never), sum(n >= 6 for n in never))


def _write(cast: Cast, people: list[tuple[int, int, bool]]) -> None:
    lead, kind = callable_lead(cast), type_of()
    last = Lead.objects.order_by("-pk").values_list("pk", flat=True)[0]
    columns = (
        "id",
        "origin",
        "team_id",
        "seq_no",
        "product_line",
        "source",
        "source_detail",
        "segment",
        "reference",
        "ended_as",
        "opened_at",
        "stage_id",
        "stage_since",
        "updated_at",
    )
    ids = range(last + 1, last + 1 + len(people))
    copy_in(Lead, columns, ((pk, "outbound", lead.team_id, 1, "", "", "", "", "", "", MONDAY, "working", MONDAY, MONDAY) for pk in ids))
    Call.objects.bulk_create((call for pk, person in zip(ids, people, strict=True) for call in _calls(pk, person, kind_id=kind.pk)), batch_size=5_000)


def _calls(lead_id: int, person: tuple[int, int, bool], *, kind_id: int) -> list[Call]:
    n, seconds, said_yes = person
    end = MONDAY + timedelta(seconds=seconds)
    tries = [
        Call(lead_id=lead_id, call_type_id=kind_id, started_at=MONDAY, ended_at=MONDAY, disposed_at=MONDAY, disposition=Disposition.NO_ANSWER)
        for _one in range(n - 1)
    ]
    last = Call(lead_id=lead_id, call_type_id=kind_id, started_at=MONDAY, ended_at=end, disposed_at=end, disposition=Disposition.NO_ANSWER)
    if seconds:
        last.answered_at, last.disposition, last.n_seconds_over = MONDAY, Disposition.TALK, max(seconds - 900, 0)
    if said_yes:
        last.disposition, last.meeting_at = Disposition.MEETING, end + timedelta(days=1)
    elif last.disposition in CONVERSATIONS:
        last.disposition, last.reason = Disposition.NOT_INTERESTED, "no"
    return [*tries, last]
