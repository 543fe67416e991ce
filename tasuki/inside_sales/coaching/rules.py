"""How much is heard: so many calls of each person are drawn for a review every week, and so many each coach listens to."""

from __future__ import annotations

from collections.abc import Iterable
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
    """A coach who hears another number of calls than the house asks."""

    coach = models.OneToOneField("core.User", models.CASCADE, related_name="listening_quota", verbose_name=_("coach"))
    n_to_hear = models.PositiveSmallIntegerField(_("calls to hear a week"))

    class Meta:
        verbose_name = _("listening quota")
        verbose_name_plural = _("listening quotas")
        constraints = [models.CheckConstraint(condition=Q(n_to_hear__lte=MOST_A_WEEK), name="listening_quota_makes_sense")]

    def __str__(self) -> str:
        return f"{self.coach_id}: {self.n_to_hear}"


def in_force() -> CoachingRules:
    return house_rows.in_force(CoachingRules)


def change(*, n_samples: int, n_to_hear: int, by: By, at: datetime) -> CoachingRules:
    """Raises QuotaWrong. What was drawn already stays."""
    said = {"n_samples": n_samples, "n_to_hear": n_to_hear}
    if any(not 0 <= n <= MOST_A_WEEK for n in said.values()):
        raise QuotaWrong
    return house_rows.change(CoachingRules, said=said, by=by, at=at)


@transaction.atomic
def set_quota(coach: User, *, n_to_hear: int | None, by: By, at: datetime) -> None:
    """Say how many calls one coach hears a week; None for as the house asks. Raises QuotaWrong."""
    if n_to_hear is not None and not 0 <= n_to_hear <= MOST_A_WEEK:
        raise QuotaWrong
    before = ListeningQuota.objects.select_for_update().filter(coach=coach).first()
    if (before.n_to_hear if before else None) == n_to_hear:
        return
    if n_to_hear is None:
        ListeningQuota.objects.filter(coach=coach).delete()
    else:
        ListeningQuota.objects.update_or_create(coach=coach, defaults={"n_to_hear": n_to_hear})
    audit.record(coach, action="change", by=by, at=at, changes={"listening_quota": (before.n_to_hear if before else None, n_to_hear)})


def quotas(coaches: Iterable[User]) -> dict[int, int]:
    """How many calls each hears a week, by their id; two queries."""
    own = dict(ListeningQuota.objects.filter(coach__in=list(coaches)).values_list("coach", "n_to_hear"))
    usual = in_force().n_to_hear
    return {coach.pk: own.get(coach.pk, usual) for coach in coaches}


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
