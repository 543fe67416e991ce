"""The pages of coaching without script: who sees what of a call, what is refused, and the parts of a recording."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.audit import AuditEntry
from tasuki.engage import recordings, talk_figures
from tasuki.engage.recording_rows import Recording
from tasuki.engage.talk_figures import Figures
from tasuki.engage.telephony import webhooks
from tasuki.inside_sales.coaching import cards, comments, praises, scorecards
from tasuki.inside_sales.coaching.comments import CallComment
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.inside_sales.coaching.reviews import Review
from tasuki.inside_sales.coaching.talk_scores import TalkScore
from tasuki.sales import opportunities
from tests.cast import SET_UP, Cast
from tests.engage.telephone_system import SECRET
from tests.inside_sales.coaching.hearing import by, coach_of, heard, recorded, reviewed, talked, tone
from tests.web.office import deal_of, signed_in
from tests.web.reading import said_by

pytestmark = pytest.mark.django_db


def at_once(cast: Cast, nth: int = 1) -> Recording:
    """Recorded an hour ago, so that the clock of the pages still keeps it."""
    return recorded(cast, nth, at=now() - timedelta(hours=nth))


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def sent(client: Client, name: str, pk: int, **said: Any) -> Any:
    return client.post(reverse(name, args=[pk]), said)


def test_whoever_called_brings_a_recording_and_hears_it_on_the_page_of_the_call(cast: Cast) -> None:
    call, client = talked(cast, at=now() - timedelta(hours=1)), signed_in(cast.ivo)
    page = text_of(client.get(reverse("call", args=[call.pk])))
    assert 'type="file"' in page
    file = SimpleUploadedFile("x.wav", tone(0.1), content_type="text/html")
    assert sent(client, "recording_keep", call.pk, file=file, notice="agreed").status_code == 302
    recording = Recording.objects.get()
    page = text_of(client.get(reverse("call", args=[call.pk])))
    assert f'<audio controls preload="metadata" src="{reverse("recording_audio", args=[recording.pk])}"' in page
    assert 'type="file"' not in page


@pytest.mark.parametrize(
    ("file", "notice", "said"),
    [
        (SimpleUploadedFile("x.wav", b"PK\x03\x04zip"), "told", "no recording that can be played"),
        (SimpleUploadedFile("x.wav", b""), "told", "empty"),
        (SimpleUploadedFile("x.wav", tone(0.1)), "", "required"),
        (SimpleUploadedFile("x.wav", tone(0.1)), "guessed", "not one of the available choices"),
        (None, "told", "required"),
    ],
)
def test_what_is_refused_is_said_on_the_form(cast: Cast, *, file: Any, notice: str, said: str) -> None:
    call, client = talked(cast, at=now() - timedelta(hours=1)), signed_in(cast.ivo)
    answer = sent(client, "recording_keep", call.pk, notice=notice, **({"file": file} if file else {}))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not Recording.objects.exists()


def test_a_colleague_who_sees_the_lead_sees_that_there_is_a_recording_and_neither_hears_nor_reads_what_was_said(cast: Cast) -> None:
    recording = at_once(cast)
    comments.say(recording, second=0, text="xylophone", by=by(cast.ruth), at=now())
    reviewed(recording, user=cast.ruth, at=now())
    client = signed_in(cast.mina)
    page = text_of(client.get(reverse("call", args=[recording.call_id])))
    assert "녹음이 있습니다" in page, "Mina reads Korean"
    assert "xylophone" not in page
    assert "<audio" not in page
    assert client.get(reverse("recording_audio", args=[recording.pk])).status_code == 404
    assert client.get(reverse("file", args=[recording.file_id])).status_code == 404
    assert sent(client, "recording_comment", recording.pk, at="0:00", text="me too").status_code == 404
    assert client.get(reverse("coaching_person", args=[cast.ivo.pk])).status_code == 403
    assert signed_in(cast.chika).get(reverse("call", args=[recording.call_id])).status_code == 404


def test_a_player_gets_the_part_it_asks_for_and_one_hearing_stands_in_the_trail(cast: Cast) -> None:
    recording, client = at_once(cast), signed_in(cast.ruth)
    address = reverse("recording_audio", args=[recording.pk])
    whole = client.get(address)
    content = b"".join(whole)
    assert (whole.status_code, whole["Content-Type"], whole["Accept-Ranges"], content) == (200, "audio/wav", "bytes", tone(0.2))
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in whole["Cache-Control"]
    part = client.get(address, headers={"Range": "bytes=10-19"})
    assert (part.status_code, b"".join(part), part["Content-Range"]) == (206, content[10:20], f"bytes 10-19/{len(content)}")
    assert b"".join(client.get(address, headers={"Range": "bytes=-7"})) == content[-7:]
    assert client.get(address, headers={"Range": f"bytes={len(content)}-"}).status_code == 416
    again = client.get(address, headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (again.status_code, b"".join(again)) == (200, content)
    assert b"".join(client.get(address, headers={"Range": "bytes=0-1", "If-Range": whole["ETag"]})) == content[:2]
    assert AuditEntry.objects.of(recording).filter(action="hear", actor=cast.ruth).count() == 1
    head = client.head(address)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(content)))


def test_a_recording_that_is_gone_says_so_and_is_played_no_more(cast: Cast) -> None:
    recording, client = at_once(cast), signed_in(cast.ruth)
    assert sent(client, "recording_removal", recording.pk).status_code == 302
    assert "The recording is gone since" in text_of(client.get(reverse("call", args=[recording.call_id])))
    assert client.get(reverse("recording_audio", args=[recording.pk])).status_code == 404


def test_moments_are_links_that_work_without_script_and_replies_stand_below(cast: Cast) -> None:
    recording, client = at_once(cast), signed_in(cast.ruth)
    answer = sent(client, "recording_comment", recording.pk, at="0:00", text="<b>Here</b> she waits")
    said = CallComment.objects.get()
    assert answer["Location"] == f"{reverse('call', args=[recording.call_id])}?at=0#comment-{said.pk}"
    sent(signed_in(cast.ivo), "callcomment_reply", said.pk, text="I did not notice")
    page = text_of(client.get(f"{reverse('call', args=[recording.call_id])}?at=72"))
    assert "#t=72" in page
    assert "&lt;b&gt;Here&lt;/b&gt; she waits" in page
    assert "I did not notice" in page
    assert f'href="/calls/{recording.call_id}?at=0#comment-{said.pk}" data-second="0"' in page
    for wrong in ("1:99", "soon", "-1", "9" * 30, "٣"):
        assert sent(client, "recording_comment", recording.pk, at=wrong, text="x").status_code == 422, wrong
    assert client.get(reverse("callcomment", args=[said.pk])).status_code == 302


def test_a_coach_scores_blind_and_both_see_the_difference_afterwards(cast: Cast) -> None:
    recording, noor = at_once(cast), coach_of(cast)
    reviewed(recording, user=cast.ruth, points=5, at=now())
    heard(recording, user=noor, at=now())
    client, address = signed_in(noor), reverse("review_new", args=[recording.call_id])
    page = text_of(client.get(reverse("call", args=[recording.call_id])))
    assert "Somebody has reviewed this call" in page
    assert "100%" not in page
    card = scorecards.in_force()
    assert card
    said = {"good": "Calm.", "next_action": "Ask for the day."}
    assert client.post(address, said).status_code == 422, "nothing is scored yet"
    scores = {f"points-{one.pk}": "2" for one in card.criteria.all()} | {f"words-{one.pk}": "as heard" for one in card.criteria.all()}
    first = card.criteria.all()[0]
    unproven = client.post(address, said | scores | {f"words-{first.pk}": ""})
    assert "needs its evidence" in text_of(unproven)
    given = client.post(address, said | scores | {f"words-{first.pk}": "", f"at-{first.pk}": "0:00"})
    review = Review.objects.get(reviewer=noor)
    assert given["Location"] == reverse("review", args=[review.pk])
    page = text_of(client.get(reverse("call", args=[recording.call_id])))
    assert "Where two coaches differ" in page
    assert client.get(address).status_code == 302, "she has given hers"
    mine = signed_in(cast.ivo)
    assert "Calm." in text_of(mine.get(reverse("review", args=[review.pk])))
    review.refresh_from_db()
    assert review.read_at is not None
    assert sent(mine, "review_answer", review.pk, text="I will ask.").status_code == 302
    assert sent(client, "review_answer", review.pk, text="I answer myself.").status_code == 403
    assert sent(client, "review_answer", review.pk).status_code == 403, "before any word about the words"
    assert mine.get(address).status_code == 403


def test_a_review_is_corrected_on_a_form_that_says_what_stands_there_and_the_page_shows_both(cast: Cast) -> None:
    review, ruth = reviewed(recorded(cast), user=cast.ruth), signed_in(cast.ruth)
    address, page = reverse("review_correction", args=[review.pk]), reverse("review", args=[review.pk])
    assert address in text_of(ruth.get(page))
    assert address not in text_of(signed_in(cast.ivo).get(page))
    assert signed_in(cast.ivo).get(address)["Location"] == page
    assert signed_in(cast.ivo).post(address, {}).status_code == 403
    assert signed_in(cast.mina).get(address).status_code in (403, 404)
    form = text_of(ruth.get(address))
    assert "Correct this review" in form
    assert "The opening was short." in form
    assert form.count(" checked") == len(review.scores.all())
    said = {"good": "He asked.", "next_action": "Ask when they decide."}
    for score in review.scores.all():
        said |= {f"points-{score.criterion_id}": "5", f"at-{score.criterion_id}": "0:00", f"words-{score.criterion_id}": "as one hears"}
    refused = ruth.post(address, {**said, "good": ""})
    assert (refused.status_code, Review.objects.get().corrected_at) == (422, None)
    assert "as one hears" in text_of(refused)
    assert ruth.post(address, said)["Location"] == page
    assert "corrected the review of a call of yours" in text_of(signed_in(cast.ivo).get(reverse("notifications")))
    shown = text_of(signed_in(cast.ivo).get(page))
    assert "Version 1, until" in shown
    assert shown.index("He asked.") < shown.index("The opening was short.")


def test_whoever_coaches_nobody_sees_their_own_page(cast: Cast) -> None:
    client = signed_in(cast.ivo)
    assert "Ivo Horvat" in text_of(client.get(reverse("coaching")))
    assert client.get(reverse("coaching_person", args=[cast.ivo.pk])).status_code == 200
    assert client.get(reverse("coaching_person", args=[cast.ruth.pk])).status_code == 403
    assert sent(client, "skillcard_add", cast.ivo.pk, skill="Mine", next_on="2027-01-01").status_code == 403
    assert "Ivo Horvat" in text_of(signed_in(cast.ruth).get(reverse("coaching")))


def test_a_card_is_stepped_through_on_the_page_of_the_person(cast: Cast) -> None:
    client, day = signed_in(cast.ruth), (now() + timedelta(days=1)).date().isoformat()
    sent(client, "skillcard_add", cast.ivo.pk, skill="Asking for the day", next_on=day)
    card = cards.SkillCard.objects.get()
    for words in ("heard together", "why it matters"):
        assert sent(client, "skillcard_step", card.pk, words=words, next_on=day).status_code == 302
    assert sent(client, "skillcard_step", card.pk, words="", next_on=day).status_code == 422
    assert sent(signed_in(cast.ivo), "skillcard_step", card.pk, words="tried it twice", next_on=day).status_code == 302
    assert sent(signed_in(cast.ivo), "skillcard_step", card.pk, words="praise me").status_code == 403
    assert sent(client, "skillcard_step", card.pk, words="You waited for the answer.").status_code == 302
    assert "You waited for the answer." in text_of(client.get(reverse("praises")))


def test_praise_is_given_on_a_lead_and_read_by_all_without_what_they_may_not_see(cast: Cast) -> None:
    call = talked(cast)
    client = signed_in(cast.mina)
    address = f"{reverse('praises')}?lead={call.lead_id}&next=//evil.example/"
    assert client.post(address, {"person": cast.ivo.pk, "deed": "He asked who decides.", "next": "//evil.example/"})["Location"] == reverse("praises")
    assert client.post(reverse("praises"), {"person": cast.ivo.pk, "deed": "He asked who decides."}).status_code == 404
    assert client.post(address, {"person": cast.mina.pk, "deed": "I asked who decides."}).status_code == 422
    page = text_of(signed_in(cast.chika).get(reverse("praises")))
    assert "He asked who decides." in page
    assert call.lead.title not in page
    assert "He asked who decides." in text_of(signed_in(cast.chika).get(reverse("person", args=[cast.ivo.pk])))
    assert "He asked who decides." not in text_of(client.get(f"{reverse('praises')}?team={cast.success.pk}"))
    assert Praise.objects.count() == 1


def test_notifications_of_coaching_say_what_happened_and_lead_there(cast: Cast) -> None:
    recording = at_once(cast)
    review = reviewed(recording, user=cast.ruth, at=now())
    praises.give(cast.ivo, deed="You waited for the answer.", call=recording.call, by=by(cast.ruth), at=now())
    page = text_of(signed_in(cast.ivo).get(reverse("notifications")))
    for words in ("reviewed a call of yours", "praised you", "You waited for the answer.", reverse("review", args=[review.pk])):
        assert words in page


def test_figures_and_a_score_are_shown_where_there_are_some_and_nowhere_else(cast: Cast) -> None:
    one, other = at_once(cast, 1), at_once(cast, 2)
    talk_figures.note(one.call, figures=Figures(55, 4, 8, 70), by=SET_UP, at=now())
    client = signed_in(cast.ruth)
    assert "Talk score" in text_of(client.get(reverse("call", args=[one.call_id])))
    assert "Talk score" not in text_of(client.get(reverse("call", args=[other.call_id])))
    assert "Talk score" not in text_of(signed_in(cast.mina).get(reverse("call", args=[one.call_id])))


def test_the_scorecard_is_changed_in_a_draft_and_put_in_force(cast: Cast) -> None:
    client = signed_in(cast.ada)
    assert client.post(reverse("scorecard_draft")).status_code == 302
    draft = scorecards.draft()
    assert draft
    said = {"name_en": "Listening", "name_ko": "경청", "name_ja": "傾聴", "weight": "2", "scale": "4"}
    anchors = {f"anchors_{language}": "1: low\n4: high" for language in scorecards.LANGUAGES}
    assert client.post(reverse("criterion_add"), said | anchors).status_code == 302
    assert client.post(reverse("criterion_add"), said | anchors | {"anchors_ko": "nothing"}).status_code == 422
    assert sent(client, "criterion_removal", draft.criteria.order_by("position")[0].pk).status_code == 302
    assert client.post(reverse("scorecard_publication")).status_code == 302
    current = scorecards.in_force()
    assert current
    assert (current.version, current.criteria.count()) == (2, 7)
    assert client.post(reverse("scorecard_publication")).status_code == 404
    assert client.post(reverse("coaching_rules"), {"n_samples": "3", "n_to_hear": "4", "keep_days": "30"}).status_code == 302
    assert recordings.rules().keep_days == 30
    assert client.post(reverse("coaching_rules"), {"n_samples": "3", "n_to_hear": "4", "keep_days": "0"}).status_code == 422
    assert sent(client, "coaching_quota", cast.ruth.pk, n_to_hear="9").status_code == 302
    assert signed_in(cast.ruth).get(reverse("coaching_settings")).status_code == 403


def test_a_telephone_system_brings_a_recording_and_figures_and_nobody_else_does(cast: Cast, settings: Any, client: Client) -> None:
    settings.TELEPHONY, settings.TELEPHONY_URL, settings.TELEPHONY_SECRET = "webhook", "http://127.0.0.1:1", SECRET
    call = talked(cast, at=now() - timedelta(hours=1))
    type(call).objects.filter(pk=call.pk).update(adapter="webhook", external_id="line-1")

    def put(content: bytes, *, notice: str = "told", external_id: str = "line-1", stamp: str = "", secret: str = SECRET, **headers: str) -> int:
        stamp = stamp or str(int(now().timestamp()))
        seal = webhooks.RecordingSeal(secret, stamp=stamp, external_id=external_id, notice=notice)
        b"".join(seal.passing([content]))
        said = {webhooks.STAMP: stamp, webhooks.SIGNATURE: seal.signature, webhooks.NOTICE: notice} | headers
        address = reverse("telephone_recording", args=[external_id])
        return client.put(address, content, content_type="audio/wav", headers=said).status_code

    sound = tone(0.2)
    assert put(sound, secret="another secret, as long") == 400
    assert put(sound, stamp=str(int(now().timestamp()) - 3_600)) == 400
    assert put(sound, **{webhooks.NOTICE: "agreed"}) == 400, "what is said of the notice is signed too"
    assert put(sound, notice="") == 422
    assert put(b"PK\x03\x04") == 422
    assert put(b"") == 413
    assert put(sound, external_id="line-99") == 204
    settings.FILES_LARGEST = 100
    assert put(sound) == 413
    settings.FILES_LARGEST = 10_000_000
    assert not Recording.objects.exists()
    assert put(sound) == 201
    assert put(sound) == 409
    assert Recording.objects.get().adapter == "webhook"
    settings.TELEPHONY = "tel"
    assert put(sound) == 404


def test_a_telephone_system_tells_how_a_call_was_talked_once_and_nonsense_is_refused(cast: Cast, settings: Any, client: Client) -> None:
    settings.TELEPHONY, settings.TELEPHONY_URL, settings.TELEPHONY_SECRET = "webhook", "http://127.0.0.1:1", SECRET
    call = talked(cast, at=now() - timedelta(hours=1), minutes=8)
    type(call).objects.filter(pk=call.pk).update(adapter="webhook", external_id="line-1")
    sound = {"talk_percent": 55, "n_overlaps": 4, "n_silences": 8, "longest_monologue_seconds": 70}

    def told(talk: Any, *, external_id: str = "line-1") -> int:
        stamp = str(int(now().timestamp()))
        body = json.dumps({"id": external_id, "event": "measured", "at": now().isoformat(), "talk": talk}).encode()
        said = {webhooks.STAMP: stamp, webhooks.SIGNATURE: webhooks.signature(SECRET, stamp=stamp, body=body)}
        return client.post(reverse("telephone_events"), body, content_type="application/json", headers=said).status_code

    wrong = ({}, None, [], {"talk_percent": "55"}, sound | {"n_overlaps": 4.5}, sound | {"n_silences": True}, sound | {"n_overlaps": None})
    assert {told(talk) for talk in wrong} == {400}
    assert told(sound | {"talk_percent": 101}) == 422
    assert told(sound | {"n_silences": 10**12}) == 422
    assert told(sound, external_id="line-9") == 204
    assert not TalkScore.objects.exists()
    assert (told(sound | {"words_per_minute": 140}), told(sound | {"talk_percent": 1})) == (204, 204)
    assert [str(one.score) for one in TalkScore.objects.filter(call=call)] == ["50.0"], "what was said first stands"


def test_a_win_stands_on_the_page_of_wins_with_everybody_in_it_and_amounts_only_for_who_may_see_them(cast: Cast) -> None:
    deal = deal_of(cast)
    opportunities.win(deal, by=by(cast.saori), at=now())
    page = text_of(signed_in(cast.ivo).get(reverse("wins")))
    assert "Ivo Horvat" in page
    assert "西野 沙織" in page
    assert "777" not in said_by(signed_in(cast.mina).get(reverse("wins"))), "a marketer sees no amounts"
    assert "777" in said_by(signed_in(cast.saori).get(reverse("wins")))
    assert "webinar" in text_of(signed_in(cast.ivo).get(reverse("notifications"))), "he is told of the chain"
    for hostile in ("yesterday", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z_x", "9999-99-99T00:00:00Z_1"):
        assert signed_in(cast.ada).get(f"{reverse('wins')}?before={hostile}").status_code == 400
    assert signed_in(cast.ivo).get(f"{reverse('handoffs_followed')}?person={cast.ruth.pk}").status_code == 200


def test_the_page_of_a_person_costs_the_same_for_one_card_and_for_seven(cast: Cast) -> None:
    client, address = signed_in(cast.ruth), reverse("coaching_person", args=[cast.ivo.pk])

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    cards.begin(cast.ivo, skill="Opening", next_on=now().date(), by=by(cast.ruth), at=now())
    client.get(address)
    few = cost()
    for nth in range(6):
        cards.begin(cast.ivo, skill=f"Skill {nth}", next_on=now().date(), by=by(cast.ruth), at=now())
    assert cost() == few
