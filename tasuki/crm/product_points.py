"""What is said of a product: talking points, what hurts an industry, whom one may name, and what answers a competitor; each in a language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import held
from tasuki.core.search.folding import fold
from tasuki.crm.products import Product

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST, LONGEST_NAME, LONGEST_INDUSTRY, MOST, MOST_POSITION = 400, 120, 80, 120, 1_000
# What is read in a minute, while the telephone rings.
_TOLD = {"say": 3, "pain": 2, "reference": 2, "rival": 2}


class Kind(models.TextChoices):
    SAY = "say", _("talking point")
    PAIN = "pain", _("what probably hurts")
    REFERENCE = "reference", _("customer who may be named")
    RIVAL = "rival", _("competitor")


class PointRefused(Refused):
    code = "point_refused"


class Points(models.QuerySet["ProductPoint"]):
    """Questions about what is said of products."""

    def visible_to(self, user: User) -> Points:
        """Whoever sees the product."""
        return self.filter(product__in=Product.objects.visible_to(user))


class ProductPoint(models.Model):
    """One thing to say. `industry` is the one for which it is meant, "" for any; `name` is that of the customer or of the competitor.

    Of a competitor `strong` and `weak` are their strong and weak points, and `words` what one answers.
    """

    noun: ClassVar[str] = "productpoint"

    product = models.ForeignKey(Product, models.CASCADE, related_name="points", verbose_name=_("product"))
    kind = models.CharField(_("kind"), max_length=9, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    industry = models.CharField(_("industry"), max_length=LONGEST_INDUSTRY, blank=True)
    name = models.CharField(_("name"), max_length=LONGEST_NAME, blank=True)
    words = models.CharField(_("words"), max_length=LONGEST)
    strong = models.CharField(_("where they are strong"), max_length=LONGEST, blank=True)
    weak = models.CharField(_("where they are weak"), max_length=LONGEST, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    written_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(_("written"))

    objects = Points.as_manager()

    class Meta:
        verbose_name = _("what is said of a product")
        verbose_name_plural = _("what is said of products")
        constraints = [
            models.CheckConstraint(condition=~models.Q(words=""), name="product_point_says_something"),
            models.CheckConstraint(condition=models.Q(kind__in=["say", "pain"]) | ~models.Q(name=""), name="product_point_names_whom"),
        ]

    def __str__(self) -> str:
        return self.words[:80]


@dataclass(frozen=True)
class Said:
    """What a point says."""

    kind: str
    language: str
    words: str
    industry: str = ""
    name: str = ""
    strong: str = ""
    weak: str = ""
    position: int = 1


@dataclass(frozen=True)
class Told:
    """What one says about a product to one company: three talking points, two guesses at what hurts, whom to name, and the competitors."""

    say: Sequence[ProductPoint] = ()
    pain: Sequence[ProductPoint] = ()
    reference: Sequence[ProductPoint] = ()
    rival: Sequence[ProductPoint] = ()

    def __bool__(self) -> bool:
        return bool(self.say or self.pain or self.reference or self.rival)


@transaction.atomic
def keep(product: Product, *, said: Said, by: By, at: datetime, point: ProductPoint | None = None) -> ProductPoint:
    """Write one down (None), or write one anew. Raises Forbidden, PointRefused, Gone."""
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PRODUCTS)
    product = held(product)
    columns = checked(said)
    if point is None:
        if product.points.count() >= MOST:
            raise PointRefused(_("Nobody reads more than %(n)s points about a product. Take one out first.") % {"n": MOST})
        point = ProductPoint.objects.create(product=product, **columns, written_by=by.actor, written_at=at)
        audit.record(point, action="add", by=by, at=at, changes={"words": ("", point.words)})
        return point
    point = held(point)
    if changes := audit.difference(point, columns):
        ProductPoint.objects.filter(pk=point.pk).update(**columns, written_by=by.actor, written_at=at)
        audit.record(point, action="change", by=by, at=at, changes=changes)
        point.refresh_from_db()
    return point


@transaction.atomic
def remove(point: ProductPoint, *, by: By, at: datetime) -> None:
    """It is said no more. Raises Forbidden."""
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PRODUCTS)
    audit.record(point, action="remove", by=by, at=at, changes={"words": (point.words, "")})
    ProductPoint.objects.filter(pk=point.pk).delete()


def told(points: Iterable[ProductPoint], *, industry: str, languages: Sequence[str], heard: str = "") -> Told:
    """What is said to a company of this industry, in the first of the languages that has any. Pure.

    Points of the industry come before those for any, those of another are left out. A competitor whose name is in what was `heard` comes first;
    where one is named, the others are left out.
    """
    rows = list(points)
    spoken = next((one for one in languages if any(row.language == one for row in rows)), rows[0].language if rows else "")
    here, ears = fold(industry), fold(heard)
    fitting = [row for row in rows if row.language == spoken and fold(row.industry) in {"", here}]
    fitting.sort(key=lambda row: (not row.industry, row.position, row.pk or 0))
    named = [row for row in fitting if row.kind == Kind.RIVAL and ears and fold(row.name) in ears]
    of = {kind: [row for row in fitting if row.kind == kind] for kind in Kind.values} | ({"rival": named} if named else {})
    return Told(**{kind: tuple(of[kind][:most]) for kind, most in _TOLD.items()})


def checked(said: Said) -> dict[str, object]:
    """The columns of a point that says so. Raises PointRefused."""
    columns = {name: " ".join(value.split()) if isinstance(value, str) else value for name, value in asdict(said).items()}
    limits = {"words": LONGEST, "strong": LONGEST, "weak": LONGEST, "name": LONGEST_NAME, "industry": LONGEST_INDUSTRY}
    if said.kind not in Kind.values or said.language not in dict(settings.LANGUAGES) or not 1 <= said.position <= MOST_POSITION:
        raise PointRefused(_("The kind, the language or the position is none of those that there are."))
    if not columns["words"]:
        raise PointRefused(_("Write what is to be said."))
    if any(len(str(columns[name])) > most for name, most in limits.items()):
        raise PointRefused(_("Say it in fewer words: it is read while somebody waits."))
    if said.kind in {Kind.RIVAL, Kind.REFERENCE} and not columns["name"]:
        raise PointRefused(_("Say who it is."))
    if said.kind != Kind.RIVAL:
        columns |= {"strong": "", "weak": ""}
    if said.kind in {Kind.SAY, Kind.PAIN}:
        columns["name"] = ""
    return columns
