"""Writing a sequence: its terms, the draft of its next version, step by step; and publishing that. Who is in an older version finishes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.engage import variables
from tasuki.engage.sequences.definitions import (
    ANSWERS,
    FROM_MINUTE,
    HEARD,
    LONGEST_NAME,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    MOST_DAYS,
    MOST_STEPS,
    MOST_VARIANTS,
    UNTIL_MINUTE,
    Hears,
    OnReply,
    Sequence,
    SequenceVersion,
    Step,
    StepKind,
    Variant,
    may_edit,
)
from tasuki.engage.tracking.rows import in_force
from tasuki.engage.variables import VariableWrong

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_LETTERS = "ABCDEFGH"[:MOST_VARIANTS]
_MOST_A_DAY, _MOST_APART = 1_000, 365


class SequenceRefused(Refused):
    """`field` is the one that is wrong, for a form to show it there; "" for none."""

    code = "sequence_refused"

    def __init__(self, field: str, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.field = field


class NotADraft(Refused):
    code = "not_a_draft"
    status = 409

    def __init__(self) -> None:
        super().__init__(gettext_lazy("This version is published and stays as it is. Change the draft of the next one."))


class CannotPublish(Refused):
    """`problems` are all that stands in the way, in sentences."""

    code = "cannot_publish"

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """What holds for all versions of a sequence."""

    name: str
    language: str = "en"
    about: str = ""
    n_people_a_day: int = 2
    n_mails_a_day: int = 50
    n_days_apart: int = 14
    n_days_to_answer: int = 7
    on_reply: str = OnReply.PAUSE
    stops_on_talk: bool = True


@dataclass(frozen=True)
class Wording:
    """What a step is. A branch listens for `n_days_to_listen` business days, of answers to those of `classes` (none: all), and goes on at the place
    `goes_to`, None for the end.
    """

    kind: str
    n_days: int = 1
    words: str = ""
    is_by_hand: bool = False
    from_minute: int = FROM_MINUTE
    until_minute: int = UNTIL_MINUTE
    hears: str = ""
    classes: tuple[str, ...] = ()
    n_days_to_listen: int = 0
    goes_to: int | None = None


@transaction.atomic
def add(terms: Settings, *, by: By, at: datetime) -> Sequence:
    """A new sequence with an empty draft. Raises Forbidden, SequenceRefused."""
    _refuse_others(by)
    sequence = Sequence.objects.create(**_checked(terms), added_by=by.actor, added_at=at)
    audit.record(sequence, action="add", by=by, at=at, changes={"name": ("", sequence.name)})
    SequenceVersion.objects.create(sequence=sequence, number=1, begun_by=by.actor, begun_at=at)
    return sequence


@transaction.atomic
def change(sequence: Sequence, *, terms: Settings, by: By, at: datetime) -> Sequence:
    """For all its members from now on. Raises Forbidden, SequenceRefused."""
    _refuse_others(by)
    sequence = _locked(sequence)
    columns = _checked(terms, but=sequence.pk)
    if changes := audit.difference(sequence, columns):
        Sequence.objects.filter(pk=sequence.pk).update(**columns)
        audit.record(sequence, action="change", by=by, at=at, changes=changes)
        sequence.refresh_from_db()
    return sequence


@transaction.atomic
def archive(sequence: Sequence, *, by: By, at: datetime) -> Sequence:
    """Nobody is enrolled any more; whoever is in it goes on. Doing it twice changes nothing. Raises Forbidden."""
    return _archived(sequence, to=at, action="archive", by=by, at=at)


@transaction.atomic
def restore(sequence: Sequence, *, by: By, at: datetime) -> Sequence:
    """Raises Forbidden, SequenceRefused where another has its name by now."""
    if Sequence.objects.in_use().filter(name=sequence.name).exclude(pk=sequence.pk).exists():
        raise SequenceRefused("name", _("There is a sequence of that name already."))
    return _archived(sequence, to=None, action="restore", by=by, at=at)


@transaction.atomic
def draft(sequence: Sequence, *, by: By, at: datetime) -> SequenceVersion:
    """The draft of the next version: the one that is there, else one that begins as the version in force. Raises Forbidden."""
    _refuse_others(by)
    sequence = _locked(sequence)
    found = sequence.versions.filter(published_at__isnull=True).first()
    if found:
        return found
    last = sequence.versions.aggregate(last=Max("number"))["last"] or 0
    new = SequenceVersion.objects.create(sequence=sequence, number=last + 1, begun_by=by.actor, begun_at=at)
    in_force = version_in_force(sequence)
    if in_force:
        _copy(in_force, into=new)
    audit.record(sequence, action="begin", by=by, at=at, changes={"version": (last or None, new.number)})
    return new


@transaction.atomic
def discard(version: SequenceVersion, *, by: By, at: datetime) -> None:
    """Throw a draft away; the first one of a sequence is emptied by its steps. Raises Forbidden, NotADraft."""
    version = _open(version, by=by)
    audit.record(version.sequence, action="discard", by=by, at=at, changes={"version": (version.number, None)})
    version.delete()


@transaction.atomic
def add_step(version: SequenceVersion, *, wording: Wording, by: By, at: datetime) -> Step:
    """At the end of the draft. Raises Forbidden, NotADraft, SequenceRefused."""
    version = _open(version, by=by)
    last = version.steps.aggregate(last=Max("position"))["last"] or 0
    if last >= MOST_STEPS:
        raise SequenceRefused("", _("A sequence has at most %(n)s steps.") % {"n": MOST_STEPS})
    step = Step(version=version, position=last + 1)
    _write(step, wording, version=version)
    step.save(force_insert=True)
    audit.record(version.sequence, action="add_step", by=by, at=at, changes={"step": (None, f"{step.position} {step.kind}")})
    return step


@transaction.atomic
def change_step(step: Step, *, wording: Wording, by: By, at: datetime) -> Step:
    """What kind of step it is stays. Raises Forbidden, NotADraft, SequenceRefused."""
    version = _open(step.version, by=by)
    step = version.steps.get(pk=step.pk)
    if wording.kind != step.kind:
        raise SequenceRefused("kind", _("A step stays what it is. Add another and take this one away."))
    before = {name: getattr(step, name) for name in _COLUMNS}
    _write(step, wording, version=version)
    step.save()
    changes = {name: (value, getattr(step, name)) for name, value in before.items() if value != getattr(step, name)}
    if changes:
        audit.record(version.sequence, action="change_step", by=by, at=at, changes={"step": (None, step.position), **changes})
    return step


@transaction.atomic
def move_step(step: Step, *, to: int, by: By, at: datetime) -> None:
    """Put it into another place, from 1. A branch that would lead back from there leads nowhere. Raises Forbidden, NotADraft."""
    version = _open(step.version, by=by)
    order = list(version.steps.order_by("position"))
    here = next(nth for nth, one in enumerate(order) if one.pk == step.pk)
    there = min(max(to - 1, 0), len(order) - 1)
    if here == there:
        return
    order.insert(there, order.pop(here))
    _place(order)
    audit.record(version.sequence, action="move_step", by=by, at=at, changes={"position": (here + 1, there + 1)})


@transaction.atomic
def remove_step(step: Step, *, by: By, at: datetime) -> None:
    """Raises Forbidden, NotADraft."""
    version = _open(step.version, by=by)
    audit.record(version.sequence, action="remove_step", by=by, at=at, changes={"step": (f"{step.position} {step.kind}", None)})
    step.delete()
    _place(list(version.steps.order_by("position")))


@transaction.atomic
def write_variant(step: Step, *, letter: str, subject: str, text: str, by: By, at: datetime) -> Variant | None:
    """The wording of a mail by its letter; without a text there is none of that letter. Raises Forbidden, NotADraft, SequenceRefused."""
    version = _open(step.version, by=by)
    step = version.steps.get(pk=step.pk)
    subject, text = " ".join(subject.split()), text.replace("\r\n", "\n").strip()
    if step.kind != StepKind.MAIL or letter not in _LETTERS:
        raise SequenceRefused("letter", _("Only a mail has wordings, and at most %(n)s.") % {"n": MOST_VARIANTS})
    if len(subject) > LONGEST_SUBJECT or len(text) > LONGEST_TEXT:
        raise SequenceRefused("text", _("Say it in fewer words."))
    before = step.variants.filter(letter=letter).first()
    if not text:
        if before:
            before.delete()
        return None
    if wrong := _unknown(subject, text):
        raise SequenceRefused("text", wrong)
    variant, _is_new = Variant.objects.update_or_create(step=step, letter=letter, defaults={"subject": subject, "text": text})
    changes = {letter: ((before.subject, before.text) if before else None, (subject, text))}
    audit.record(version.sequence, action="change_step", by=by, at=at, changes={"step": (None, step.position), **changes})
    return variant


@transaction.atomic
def publish(version: SequenceVersion, *, by: By, at: datetime) -> SequenceVersion:
    """From now on members are enrolled in this version. Raises Forbidden, NotADraft, CannotPublish with all that stands in the way."""
    version = _open(version, by=by)
    if found := problems(version):
        raise CannotPublish(found)
    before = version_in_force(version.sequence)
    if before:
        SequenceVersion.objects.filter(pk=before.pk).update(replaced_at=at)
    SequenceVersion.objects.filter(pk=version.pk).update(published_at=at, published_by=by.actor)
    version.refresh_from_db()
    audit.record(version.sequence, action="publish", by=by, at=at, changes={"version": (before.number if before else None, version.number)})
    return version


def version_in_force(sequence: Sequence) -> SequenceVersion | None:
    """The one that is published and not replaced."""
    return sequence.versions.filter(published_at__isnull=False, replaced_at__isnull=True).first()


def problems(version: SequenceVersion) -> list[str]:
    """What stands in the way of publishing, in sentences."""
    steps = list(version.steps.prefetch_related("variants"))
    found = [] if any(not step.is_machines or step.kind == StepKind.MAIL for step in steps) else [_("No step reaches anybody.")]
    has_written = has_called = False
    for step in steps:
        place = {"n": step.position}
        if step.kind == StepKind.MAIL:
            found += _of_mail(step, has_written=has_written)
            has_written = True
        elif step.kind == StepKind.BRANCH:
            found += _of_branch(step, has_written=has_written, has_called=has_called)
        elif step.kind in (StepKind.LETTER, StepKind.SOCIAL, StepKind.TASK) and not step.words.strip():
            found.append(_("Step %(n)s does not say what to do.") % place)
        elif step.is_worded and (wrong := _unknown(step.words)):
            found.append(_("Step %(n)s: %(problem)s") % {**place, "problem": wrong})
        has_called = has_called or step.kind == StepKind.CALL
    return found


def _of_branch(step: Step, *, has_written: bool, has_called: bool) -> list[str]:
    place = {"n": step.position}
    if step.hears in HEARD:
        return [] if has_called else [_("Step %(n)s listens to a call, and no call comes before it.") % place]
    counted = in_force()
    if (step.hears == Hears.OPENED and not counted.opens) or (step.hears == Hears.CLICKED and not counted.clicks):
        return [_("Step %(n)s listens to what the house does not count: see Settings, Mail tracking.") % place]
    return [] if has_written else [_("Step %(n)s listens to what becomes of a mail, and no mail comes before it.") % place]


def _of_mail(step: Step, *, has_written: bool) -> list[str]:
    place, found = {"n": step.position}, []
    variants = list(step.variants.all())
    if not variants:
        found.append(_("The mail of step %(n)s has no text.") % place)
    if not has_written and any(not one.subject for one in variants):
        found.append(_("The mail of step %(n)s has no subject, and answers no mail before it.") % place)
    for one in variants:
        if wrong := _unknown(one.subject, one.text):
            found.append(_("Step %(n)s: %(problem)s") % {**place, "problem": wrong})
    return found


def _unknown(*texts: str) -> str:
    """What is wrong with the variables of a wording, or nothing."""
    try:
        for text in texts:
            variables.refuse_unknown(text)
            variables.refuse_unbookable(text)
    except VariableWrong as refusal:
        return str(refusal)
    return ""


_COLUMNS = ("n_days", "words", "is_by_hand", "from_minute", "until_minute", "hears", "classes", "n_days_to_listen", "goes_to")


def _write(step: Step, wording: Wording, *, version: SequenceVersion) -> None:
    """The words of a step into its row, what does not belong to its kind left out. Raises SequenceRefused."""
    if wording.kind not in StepKind.values:
        raise SequenceRefused("kind", _("There is no such kind of step."))
    if not 0 <= wording.n_days <= MOST_DAYS:
        raise SequenceRefused("n_days", _("A step waits at most %(n)s business days.") % {"n": MOST_DAYS})
    if not 0 <= wording.from_minute < wording.until_minute <= 24 * 60:
        raise SequenceRefused("until_minute", _("The window ends before it begins."))
    if len(wording.words) > LONGEST_TEXT:
        raise SequenceRefused("words", _("Say it in fewer words."))
    is_branch = wording.kind == StepKind.BRANCH
    if is_branch:
        _refuse_deaf(wording)
    step.kind, step.n_days, step.words = wording.kind, wording.n_days, wording.words.strip()
    step.from_minute, step.until_minute = wording.from_minute, wording.until_minute
    step.is_by_hand = wording.is_by_hand and wording.kind == StepKind.MAIL
    if step.is_worded and (wrong := _unknown(step.words)):
        raise SequenceRefused("words", wrong)
    step.hears = wording.hears if is_branch else ""
    step.classes = list(dict.fromkeys(wording.classes)) if is_branch and wording.hears == Hears.REPLIED else []
    step.n_days_to_listen = wording.n_days_to_listen if is_branch else 0
    step.goes_to = _later(version, wording.goes_to, than=step.position) if is_branch and wording.goes_to is not None else None


def _refuse_deaf(wording: Wording) -> None:
    if wording.hears not in Hears.values:
        raise SequenceRefused("hears", _("Say what the branch listens to."))
    if not 0 <= wording.n_days_to_listen <= MOST_DAYS:
        raise SequenceRefused("n_days_to_listen", _("A branch listens for at most %(n)s business days.") % {"n": MOST_DAYS})
    if wording.hears == Hears.REPLIED and not wording.n_days_to_listen:
        raise SequenceRefused("n_days_to_listen", _("Give people at least a business day: somebody has to say what an answer is."))
    if set(wording.classes) - set(ANSWERS):
        raise SequenceRefused("classes", _("A branch listens to the classes that stand here."))


def _later(version: SequenceVersion, place: int, *, than: int) -> Step:
    found = version.steps.filter(position=place, position__gt=than).first()
    if found is None:
        raise SequenceRefused("goes_to", _("A branch goes on at a later step, so that nobody goes round in a circle."))
    return found


def _place(order: list[Step]) -> None:
    """Write the places anew; a branch never leads back."""
    for nth, one in enumerate(order, start=1):
        one.position = nth
    Step.objects.bulk_update(order, ["position"])
    Step.objects.filter(pk__in=[one.pk for one in order], goes_to__position__lte=F("position")).update(goes_to=None)


def _copy(version: SequenceVersion, *, into: SequenceVersion) -> None:
    made: dict[int, Step] = {}
    steps = list(version.steps.order_by("position").prefetch_related("variants"))
    for step in steps:
        made[step.pk] = Step.objects.create(
            version=into, position=step.position, kind=step.kind, **{name: getattr(step, name) for name in _COLUMNS if name != "goes_to"}
        )
        Variant.objects.bulk_create(Variant(step=made[step.pk], letter=one.letter, subject=one.subject, text=one.text) for one in step.variants.all())
    for step in steps:
        if step.goes_to_id:
            Step.objects.filter(pk=made[step.pk].pk).update(goes_to=made[step.goes_to_id])


def _checked(terms: Settings, *, but: int = 0) -> dict[str, Any]:
    columns = asdict(terms) | {"name": " ".join(terms.name.split()), "about": " ".join(terms.about.split())}
    if not columns["name"] or len(columns["name"]) > LONGEST_NAME or len(columns["about"]) > 300:
        raise SequenceRefused("name", _("Give it a name of at most %(n)s characters.") % {"n": LONGEST_NAME})
    if Sequence.objects.in_use().filter(name=columns["name"]).exclude(pk=but).exists():
        raise SequenceRefused("name", _("There is a sequence of that name already."))
    if terms.language not in dict(settings.LANGUAGES):
        raise SequenceRefused("language", _("There is no such language here."))
    for name in ("n_people_a_day", "n_mails_a_day"):
        if not 1 <= columns[name] <= _MOST_A_DAY:
            raise SequenceRefused(name, _("Between 1 and %(n)s a day.") % {"n": _MOST_A_DAY})
    for name in ("n_days_apart", "n_days_to_answer"):
        if not 0 <= columns[name] <= _MOST_APART:
            raise SequenceRefused(name, _("At most %(n)s days.") % {"n": _MOST_APART})
    if terms.on_reply not in OnReply.values:
        raise SequenceRefused("on_reply", _("Say what becomes of colleagues."))
    return columns


def _refuse_others(by: By) -> None:
    if by.actor and not may_edit(by.actor):
        raise Forbidden(_("Sequences are written by operations and managers. You may enrol leads in those that there are."))


def _locked(sequence: Sequence) -> Sequence:
    return Sequence.objects.select_for_update(no_key=True).get(pk=sequence.pk)


def _open(version: SequenceVersion, *, by: By) -> SequenceVersion:
    """The draft, held with its sequence. Raises Forbidden, NotADraft."""
    _refuse_others(by)
    _locked(version.sequence)
    found = SequenceVersion.objects.select_related("sequence").filter(pk=version.pk).first()
    if found is None or not found.is_draft:
        raise NotADraft
    return found


def _archived(sequence: Sequence, *, to: datetime | None, action: str, by: By, at: datetime) -> Sequence:
    _refuse_others(by)
    sequence = _locked(sequence)
    if (sequence.archived_at is None) != (to is None):
        Sequence.objects.filter(pk=sequence.pk).update(archived_at=to)
        audit.record(sequence, action=action, by=by, at=at)
        sequence.refresh_from_db()
    return sequence
