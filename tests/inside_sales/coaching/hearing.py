"""What the tests of coaching set up: a tone as a recording, a call that has one, somebody who heard it, and a review with all its scores."""

from __future__ import annotations

import io
import math
import struct
import wave
from datetime import datetime, timedelta

from django.core.files.base import ContentFile

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.people import User
from tasuki.crm.attachments import Attachment
from tasuki.engage import recordings
from tasuki.engage.calls import Call
from tasuki.engage.recording_rows import Recording
from tasuki.inside_sales.coaching import reviews, scorecards
from tasuki.inside_sales.coaching.reviews import Given, Review
from tests.cast import MONDAY, Cast, hired
from tests.engage.calling import call_of, callable_lead

AFTER = MONDAY + timedelta(hours=1)


def by(user: User) -> By:
    return By(user, Door.WEB)


def tone(seconds: float = 1.0, *, rate: int = 8_000) -> bytes:
    """A WAV of telephone quality."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(b"".join(struct.pack("B", 128 + int(60 * math.sin(nth / 4))) for nth in range(int(seconds * rate))))
    return written.getvalue()


def upload(content: bytes, *, name: str = "call.wav") -> Attachment:
    return Attachment(ContentFile(content), name, len(content))


def talked(cast: Cast, nth: int = 1, *, at: datetime = MONDAY, minutes: float = 5) -> Call:
    """A call of Ivo's that was answered and is over."""
    return call_of(cast, callable_lead(cast, nth), at=at, minutes=minutes)


def recorded(cast: Cast, nth: int = 1, *, at: datetime = MONDAY, seconds: float = 0.2) -> Recording:
    """A call of Ivo's with its recording, which he brought."""
    call = talked(cast, nth, at=at)
    return recordings.keep(call, attachment=upload(tone(seconds)), notice="told", by=by(cast.ivo), at=at + timedelta(minutes=9))


def heard(recording: Recording, *, user: User, at: datetime = AFTER) -> Recording:
    recordings.hear(recording, by=by(user), at=at)
    return recording


def all_scores(points: int = 3) -> dict[int, Given]:
    card = scorecards.in_force()
    assert card
    return {one.pk: Given(points, second=0, words="as one hears") for one in card.criteria.all()}


def reviewed(recording: Recording, *, user: User, points: int = 3, at: datetime = AFTER) -> Review:
    """Heard and scored by a coach."""
    card = scorecards.in_force()
    assert card
    heard(recording, user=user, at=at)
    said = {"good": "The opening was short.", "next_action": "Ask when they decide."}
    return reviews.give(recording.call, scorecard=card, scores=all_scores(points), by=by(user), at=at, **said)


def coach_of(cast: Cast, name: str = "noor") -> User:
    """A coach in the team of inside sales."""
    return hired(name, "Haddad", name.capitalize(), role=Role.COACH, team=cast.inside_sales)
