"""How much is heard: so many calls of each person are drawn for a review every week, and so many each coach listens to. What was asked for in a week
that is over stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit, house_rows
from tasuki.core.audit import By
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.errors import Refused
from tasuki.engage.recording_rows import Hearing

if TYPE_CHECKING:
    from tasuki.core.people import User

MOST_A_WEEK = 50
# What the house asked before anybody changed it holds from here.
_EVER = date(1970, 1, 1)


class QuotaWrong(Refused):
    code = "quota_wrong"

    def __init__(self) -> None:
        super().__init__(_("From 0 to %(n)s calls a week.") % {"n": MOST_A_WEEK})


class CoachingRules(models.Model):
    """The rules of the house: one row, or none while nobody has changed them."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    n_samples = models.PositiveSmallIntegerField(_("calls of each person that are drawn a week"), default=2)
    n_to_hear = models.PositiveSmallIntegerField(_("calls that each coach hears a week"), default=5)

    class Meta:
        verbose_name = _("rules of coaching")
        verbose_name_plural = _("rules of coaching")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_row_of_coaching_rules"),
            models.CheckConstraint(condition=Q(n_samples__lte=MOST_A_WEEK, n_to_hear__lte=MOST_A_WEEK), name="coaching_rules_make_sense"),
        ]

    def __str__(self) -> str:
        return "1"


class ListeningQuota(models.Model):
    """How many calls a coach hears in each week from a Monday on, until the next row says otherwise; without a number as many as the house asks.
    Without a coach it is what the house asks.
    """

    coach = models.ForeignKey("core.User", models.CASCADE, null=True, related_name="listening_quotas", db_index=False, verbose_name=_("coach"))
    from_on = models.DateField(_("from"))
    n_to_hear = models.PositiveSmallIntegerField(_("calls to hear a week"), null=True)

    class Meta:
        verbose_name = _("listening quota")
        verbose_name_plural = _("listening quotas")
        constraints = [
            models.UniqueConstraint(fields=["coach", "from_on"], nulls_distinct=False, name="listening_quota_once_a_week"),
            models.CheckConstraint(condition=Q(n_to_hear__lte=MOST_A_WEEK), name="listening_quota_makes_sense"),
            models.CheckConstraint(condition=Q(coach__isnull=False) | Q(n_to_hear__isnull=False), name="listening_quota_of_the_house_is_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.coach_id} {self.from_on}: {self.n_to_hear}"


def in_force() -> CoachingRules:
    return house_rows.in_force(CoachingRules)


@transaction.atomic
def change(*, n_samples: int, n_to_hear: int, by: By, at: datetime) -> CoachingRules:
    """Raises QuotaWrong. What was drawn already stays, and so does what was to be heard in the weeks that are over: this holds from the running one."""
    said = {"n_samples": n_samples, "n_to_hear": n_to_hear}
    if any(not 0 <= n <= MOST_A_WEEK for n in said.values()):
        raise QuotaWrong
    before = in_force().n_to_hear
    changed = house_rows.change(CoachingRules, said=said, by=by, at=at)
    ListeningQuota.objects.bulk_create([ListeningQuota(from_on=_EVER, n_to_hear=before)], ignore_conflicts=True)
    _keep(None, n_to_hear=changed.n_to_hear, at=at)
    return changed


@transaction.atomic
def set_quota(coach: User, *, n_to_hear: int | None, by: By, at: datetime) -> None:
    """Say how many calls one coach hears a week, from the running one on; None for as the house asks. Raises QuotaWrong."""
    if n_to_hear is not None and not 0 <= n_to_hear <= MOST_A_WEEK:
        raise QuotaWrong
    rows = ListeningQuota.objects.select_for_update().filter(coach=coach, from_on__lte=week_of(at)).order_by("-from_on")
    before = next((row.n_to_hear for row in rows[:1]), None)
    if before == n_to_hear:
        return
    _keep(coach, n_to_hear=n_to_hear, at=at)
    audit.record(coach, action="change", by=by, at=at, changes={"listening_quota": (before, n_to_hear)})


def _keep(coach: User | None, *, n_to_hear: int | None, at: datetime) -> None:
    row = ListeningQuota(coach=coach, from_on=week_of(at), n_to_hear=n_to_hear)
    ListeningQuota.objects.bulk_create([row], update_conflicts=True, unique_fields=["coach", "from_on"], update_fields=["n_to_hear"])


def quotas(coaches: Iterable[User], *, weeks: Sequence[date]) -> dict[tuple[int, date], int]:
    """How many calls each was to hear in each of the weeks, by their id and its Monday; two queries."""
    coaches = list(coaches)
    rows = ListeningQuota.objects.filter(Q(coach__in=coaches) | Q(coach__isnull=True), from_on__lte=max(weeks)).order_by("from_on")
    kept: dict[int | None, list[tuple[date, int | None]]] = {}
    for coach_id, from_on, n in rows.values_list("coach", "from_on", "n_to_hear"):
        kept.setdefault(coach_id, []).append((from_on, n))
    usual = in_force().n_to_hear

    def asked(coach: User, week: date) -> int:
        said = (_of_week(kept.get(of, []), week) for of in (coach.pk, None))
        return next((n for n in said if n is not None), usual)

    return {(coach.pk, week): asked(coach, week) for coach in coaches for week in weeks}


def _of_week(rows: list[tuple[date, int | None]], week: date) -> int | None:
    """What held in it; the rows in their order."""
    return next((n for from_on, n in reversed(rows) if from_on <= week), None)


def heard(coaches: Iterable[User], *, week: date) -> dict[int, int]:
    """How many different calls of colleagues each has heard in a week, by their id; one query."""
    start, end = span(week)
    rows = Hearing.objects.of_colleagues().filter(heard_by__in=list(coaches), heard_at__gte=start, heard_at__lt=end)
    return dict(rows.values("heard_by").annotate(n=Count("recording", distinct=True)).values_list("heard_by", "n").order_by())


def week_of(at: datetime) -> date:
    """The Monday of the week in which a moment lies, by the clock of the house."""
    day = at.astimezone(hours_of_the_house().zone).date()
    return day - timedelta(days=day.weekday())


def span(week: date) -> tuple[datetime, datetime]:
    """[from, to) of a week that begins on this Monday, by the clock of the house."""
    zone = hours_of_the_house().zone
    return datetime.combine(week, time(), zone), datetime.combine(week + timedelta(days=7), time(), zone)
