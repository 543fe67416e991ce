"""Objections: what people say against us, word for word, and what answers it. How often each was used, and whether the call went on, is counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.search.folding import fold_all, initials, sought
from tasuki.core.search.matching import rank_of
from tasuki.crm import stages
from tasuki.engage.dispositions import PROGRESS

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User
    from tasuki.crm.leads import Lead
    from tasuki.engage.calls import Call

LONGEST_WORDS, LONGEST = 300, 1_000
_MOST_LOOKED_AT = 500


class Wall(models.TextChoices):
    """The four walls before a purchase, in the order in which they stand."""

    DISTRUST = "distrust", _("distrust")
    NO_NEED = "no_need", _("no need")
    UNFIT = "unfit", _("unfit")
    NO_HURRY = "no_hurry", _("no hurry")


class ObjectionRefused(Refused):
    code = "objection_refused"


class Objections(models.QuerySet["Objection"]):
    """Questions about objections."""

    def visible_to(self, user: User) -> Objections:
        return self if abilities.standing_of(user).roles else self.none()

    def in_use(self) -> Objections:
        return self.filter(archived_at__isnull=True)

    def with_their_record(self) -> Objections:
        """With `n_used`, `n_told` (calls whose result is known) and `n_progressed` (those that went on)."""
        return self.annotate(
            n_used=Count("uses"),
            n_told=Count("uses", filter=Q(uses__call__disposition__gt="")),
            n_progressed=Count("uses", filter=Q(uses__call__disposition__in=PROGRESS)),
        )

    def to_review(self, today: date) -> Objections:
        return self.in_use().filter(review_on__lte=today)


class Objection(models.Model):
    """`folded` is what it is searched as. The stage is where it is usually met, none for anywhere."""

    noun: ClassVar[str] = "objection"

    words = models.CharField(_("what they say"), max_length=LONGEST_WORDS)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    wall = models.CharField(_("wall"), max_length=8, choices=Wall.choices)
    stage = models.ForeignKey("crm.Stage", models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("stage"))
    acknowledge = models.TextField(_("acknowledge"), blank=True)
    question = models.TextField(_("ask"), blank=True)
    evidence = models.TextField(_("show"), blank=True)
    next_step = models.TextField(_("next step"), blank=True)
    review_on = models.DateField(_("to be reviewed"), null=True, blank=True)
    folded = models.TextField(editable=False)
    written_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(_("written"))
    archived_at = models.DateTimeField(_("archived"), null=True)

    objects = Objections.as_manager()

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")
        ordering = ["wall", "pk"]
        constraints = [models.UniqueConstraint(fields=["language", "words"], condition=Q(archived_at__isnull=True), name="objection_once_in_a_language")]

    def __str__(self) -> str:
        return self.words

    @property
    def parts(self) -> list[tuple[_StrOrPromise, str]]:
        """What is answered, step by step, with what each step is called."""
        names = ("acknowledge", "question", "evidence", "next_step")
        return [(self._meta.get_field(name).verbose_name, getattr(self, name)) for name in names if getattr(self, name)]  # type: ignore[union-attr]  # these are columns


class ObjectionUse(models.Model):
    """Somebody met it and answered it so. Whether the call went on is read from the call."""

    objection = models.ForeignKey(Objection, models.CASCADE, related_name="uses", db_index=False)
    call = models.ForeignKey("engage.Call", models.CASCADE, related_name="+")
    used_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["objection", "call"], name="objection_used_once_in_a_call")]

    def __str__(self) -> str:
        return f"{self.objection_id} in {self.call_id}"


@dataclass(frozen=True)
class Response:
    """What an objection is, and what answers it."""

    words: str
    language: str
    wall: str
    stage_id: str | None = None
    acknowledge: str = ""
    question: str = ""
    evidence: str = ""
    next_step: str = ""
    review_on: date | None = None


@transaction.atomic
def add(response: Response, *, by: By, at: datetime) -> Objection:
    """Whoever works leads may write down what they heard. Raises Forbidden, ObjectionRefused."""
    if by.actor:
        abilities.require(by.actor, Ability.WORK_LEADS)
    columns = _checked(response)
    objection = Objection.objects.create(**columns, folded=_folded(columns), written_by=by.actor, written_at=at)
    audit.record(objection, action="add", by=by, at=at, changes={"words": ("", objection.words)})
    return objection


@transaction.atomic
def change(objection: Objection, *, response: Response, by: By, at: datetime) -> Objection:
    """What is said of it in the numbers stays: it is the same objection. Raises Forbidden, ObjectionRefused."""
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PROCESS)
    objection = Objection.objects.select_for_update().get(pk=objection.pk)
    columns = _checked(response, but=objection.pk)
    if changes := audit.difference(objection, columns):
        Objection.objects.filter(pk=objection.pk).update(**columns, folded=_folded(columns), written_by=by.actor, written_at=at)
        audit.record(objection, action="change", by=by, at=at, changes=changes)
        objection.refresh_from_db()
    return objection


@transaction.atomic
def archive(objection: Objection, *, by: By, at: datetime) -> None:
    """Offer it no more; the calls in which it was used keep it. Doing it twice changes nothing. Raises Forbidden."""
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PROCESS)
    objection = Objection.objects.select_for_update().get(pk=objection.pk)
    if objection.archived_at is None:
        Objection.objects.filter(pk=objection.pk).update(archived_at=at)
        audit.record(objection, action="archive", by=by, at=at)


@transaction.atomic
def use(objection: Objection, *, call: Call, by: By, at: datetime) -> ObjectionUse:
    """Mark that it was met in a call. Marking it twice is once."""
    found, _is_new = ObjectionUse.objects.get_or_create(objection=objection, call=call, defaults={"used_by": by.actor, "used_at": at})
    return found


def search(text: str, *, lead: Lead | None = None, languages: list[str], most: int = 5) -> list[Objection]:
    """Those that hold the words, in any script and from one character on, best first; without words, those that are met most.

    Of equals the reader's and the lead's languages come first, then what fits the stage, then what went on most often.
    """
    rows = Objection.objects.in_use().with_their_record().select_related("stage")
    what = sought(text)
    for word in what.words if what else ():
        rows = rows.filter(folded__contains=word)
    here = lead.stage_id if lead else None
    order = {language: place for place, language in enumerate(languages)}

    def place(one: Objection) -> tuple[float, ...]:
        told: int = one.n_told  # type: ignore[attr-defined]  # annotated above
        progressed: int = one.n_progressed  # type: ignore[attr-defined]  # annotated above
        rank = int(rank_of(one.folded, what)) if what else 0
        fits = 0 if one.stage_id in {here, None} else 1
        # One call of one is no better than nine of ten.
        return (rank, order.get(one.language, len(order)), fits, -(progressed + 1) / (told + 2), -told, one.pk)

    return sorted(rows[:_MOST_LOOKED_AT], key=place)[:most]


def _checked(response: Response, *, but: int = 0) -> dict[str, object]:
    columns = {name: value.strip() if isinstance(value, str) else value for name, value in asdict(response).items()}
    words = " ".join(response.words.split())
    columns["words"], columns["stage_id"] = words, response.stage_id or None
    if not words:
        raise ObjectionRefused(_("Write what they say, word for word."))
    if len(words) > LONGEST_WORDS or max(len(str(columns[name])) for name in ("acknowledge", "question", "evidence", "next_step")) > LONGEST:
        raise ObjectionRefused(_("Say it in fewer words: it is read while somebody waits."))
    if response.language not in dict(settings.LANGUAGES) or response.wall not in Wall.values or (response.stage_id and response.stage_id not in stages.ORDER):
        raise ObjectionRefused(_("The language, the wall or the stage is none of those that there are."))
    if Objection.objects.in_use().filter(language=response.language, words=words).exclude(pk=but).exists():
        raise ObjectionRefused(_("This objection is in the library already."))
    return columns


def _folded(columns: dict[str, object]) -> str:
    """The words first: what they say is what one looks for."""
    texts = [str(columns[name]) for name in ("words", "acknowledge", "question", "evidence", "next_step") if columns[name]]
    lines = [fold_all(text) for text in texts]
    return "\n".join([*lines, initials(lines[0])]).strip()
