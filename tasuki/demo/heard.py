"""How the demo company coaches: calls that were recorded, drawn, heard, scored and talked about; skill cards, praise, and a model call in each language.

All by the verbs, for the calls of the last weeks: a tone stands for what was said.
"""

from __future__ import annotations

import io
import math
import wave
from datetime import datetime, timedelta
from functools import cache
from random import Random

from django.core.files.base import ContentFile

from tasuki.core import roles
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm.attachments import Attachment
from tasuki.crm.leads import Lead
from tasuki.demo import haneul, heard_words
from tasuki.engage import recordings, talk_figures
from tasuki.engage.calls import Call
from tasuki.engage.dispositions import CONVERSATIONS
from tasuki.engage.recording_rows import Notice, Recording
from tasuki.engage.talk_figures import Figures
from tasuki.inside_sales.coaching import cards, comments, praises, reviews, rules, samples, scorecards, whom
from tasuki.inside_sales.coaching.reviews import Given, Review
from tasuki.inside_sales.coaching.samples import Sample
from tasuki.inside_sales.coaching.scorecards import Scorecard

_WEEKS, _MOST_OF_EACH = 5, 8
_SECONDS, _RATE = 12, 4_000
_HOUR = timedelta(hours=1)


def coached(*, until: datetime, random: Random) -> None:
    """Write it, as of `until`; where nobody was talked with lately there is little to hear."""
    people = haneul.by_mailbox()
    lead, coach = people["yeeun"], people["dohyun"]
    roles.grant(coach, role=Role.COACH, by=_by(people["admin"]), at=until - timedelta(days=60))
    kept = _recorded(list(whom.callers_of(lead)), until=until, random=random)
    for weeks in range(_WEEKS, 0, -1):
        monday = rules.week_of(until) - timedelta(days=7 * weeks)
        samples.draw(monday, at=min(rules.span(monday)[1] + _HOUR, until))
    _heard(lead, coach, until=until, random=random)
    _shown(kept, by=_by(lead), at=until - timedelta(days=6))
    _practised(lead, [people[name] for name in ("ivo", "rin", "subin", "priya")], until=until)
    _praised(people, until=until, random=random)


def _by(user: User) -> By:
    return By(user, Door.WEB)


@cache
def _tone(pitch: int) -> bytes:
    """A few seconds of two voices, told apart by their height."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_RATE)
        heights = ((pitch if nth // _RATE % 3 else pitch * 1.5, nth) for nth in range(_SECONDS * _RATE))
        sound.writeframes(bytes(int(128 + 30 * math.sin(2 * math.pi * height * nth / _RATE)) for height, nth in heights))
    return written.getvalue()


def _recorded(callers: list[User], *, until: datetime, random: Random) -> list[Recording]:
    """Most talks of the last weeks, at most a few of each person; some were measured by a telephone system."""
    talks = Call.objects.filter(disposition__in=CONVERSATIONS, started_at__gte=until - timedelta(weeks=_WEEKS), caller__in=callers)
    n_of: dict[int, int] = {}
    found = []
    for call in talks.select_related("caller", "lead", "contact", "account").order_by("-started_at", "-pk"):
        if not call.caller or not call.ended_at or n_of.get(call.caller.pk, 0) >= _MOST_OF_EACH or random.random() < 0.25:
            continue
        n_of[call.caller.pk] = n_of.get(call.caller.pk, 0) + 1
        at, content = min(call.ended_at + timedelta(minutes=5), until), _tone(220 + 20 * (call.pk % 4))
        attachment, notice = Attachment(ContentFile(content), f"call-{call.pk}.wav", len(content)), random.choice(list(Notice))
        found.append(recordings.keep(call, attachment=attachment, notice=notice, by=_by(call.caller), at=at))
        if random.random() < 0.7 and call.talked:
            minutes = call.talked.total_seconds() / 60
            figures = Figures(
                talk_percent=random.randint(36, 68), n_overlaps=int(minutes * random.random()), n_silences=int(minutes * random.random() * 1.5),
                longest_monologue_seconds=random.randint(20, 110), n_switches=int(minutes * 8), words_per_minute=random.randint(120, 170),
            )  # fmt: skip
            talk_figures.note(call, figures=figures, adapter="webhook", by=By(None, Door.API), at=at)
    return found


def _heard(lead: User, coach: User, *, until: datetime, random: Random) -> None:
    """What was drawn is heard and scored by whoever leads; of the last week only a part, and now and then a second coach scored as well."""
    card = scorecards.in_force()
    assert card  # noqa: S101 - the migration wrote one
    drawn = Sample.objects.select_related("call__recording__file", "call__caller", "person").order_by("week_on", "person", "place")
    for nth, sample in enumerate(drawn):
        at = min(sample.drawn_at + timedelta(hours=20 + nth % 60), until)
        if at >= until or nth % 7 == 5:
            continue
        coaches = [lead, coach] if nth % 3 == 0 and sample.person.team_id == coach.team_id and sample.person != coach else [lead]
        for place, who in enumerate(coaches):
            review = _scored(sample.call, card, who, at=min(at + place * _HOUR, until), random=random)
            if place == 0 and nth % 3:
                reviews.read(review, by=_by(sample.person), at=min(at + 3 * _HOUR, until))
                if nth % 2:
                    reviews.answer(review, text=heard_words.ANSWERS[sample.person.language], by=_by(sample.person), at=min(at + 4 * _HOUR, until))
        _talked_over(sample.call.recording, lead, nth, at=at, until=until)


def _scored(call: Call, card: Scorecard, who: User, *, at: datetime, random: Random) -> Review:
    recordings.hear(call.recording, by=_by(who), at=at)
    evidence = heard_words.EVIDENCE[who.language]
    scores = {
        one.pk: Given(random.choice((2, 3, 3, 4, 4, 5)), second=random.randint(0, _SECONDS), words=evidence[(nth + call.pk) % len(evidence)])
        for nth, one in enumerate(card.criteria.all())
    }
    good, next_action = random.choice(heard_words.REVIEWS[who.language])
    return reviews.give(call, scorecard=card, scores=scores, good=good, next_action=next_action, by=_by(who), at=at)


def _talked_over(recording: Recording, lead: User, nth: int, *, at: datetime, until: datetime) -> None:
    caller = recording.call.caller
    said = heard_words.COMMENTS[lead.language]
    for place, second in ((nth, 2), (nth + 1, 6)) if nth % 2 else ((nth, 4),):
        words, answer = said[place % len(said)]
        comment = comments.say(recording, second=second, text=words, by=_by(lead), at=at)
        if answer and caller and caller.language == lead.language:
            comments.say(recording, second=second, text=answer, answers=comment, by=_by(caller), at=min(at + _HOUR, until))


def _shown(kept: list[Recording], *, by: By, at: datetime) -> None:
    """A model call in each language."""
    for language, (situation, why) in heard_words.MODELS.items():
        found = next((one for one in kept if one.call.caller and one.call.caller.language == language), None)
        if found:
            recordings.show_as_model(found, situation=situation, why=why, by=by, at=at)


def _practised(lead: User, people: list[User], *, until: datetime) -> None:
    """One card each, every one a step further: shown, explained, tried and not praised yet, praised."""
    for n_steps, person in enumerate(people, start=1):
        skill, *words = heard_words.CARDS[person.language]
        day = (until - timedelta(days=16)).date()
        card = cards.begin(person, skill=skill, next_on=day, by=_by(lead), at=until - timedelta(days=16))
        for nth in range(n_steps):
            at, who = until - timedelta(days=14 - 3 * nth), person if nth == 2 else lead
            cards.step_on(card, words=words[nth], next_on=(at + timedelta(days=5)).date(), by=_by(who), at=at)


def _praised(people: dict[str, User], *, until: datetime, random: Random) -> None:
    """For leads that were won or worked lately, across the departments."""
    pairs = (("saori", "yuto"), ("seonghun", "subin"), ("ruth", "ivo"), ("mina", "dohyun"), ("daniel", "priya"), ("yuto", "rin"), ("yeeun", "geonwoo"))
    for nth, (giver, receiver) in enumerate(pairs):
        who, praised = people[giver], people[receiver]
        seen = Lead.objects.visible_to(who).filter(stage__isnull=False).order_by("-opened_at", "-pk")
        lead = seen.filter(owner=praised).first() or seen.first()
        if lead:
            deed = heard_words.PRAISES[who.language][nth % 3]
            praises.give(praised, deed=deed, lead=lead, by=_by(who), at=until - timedelta(days=1 + 2 * nth, hours=random.randint(0, 8)))
