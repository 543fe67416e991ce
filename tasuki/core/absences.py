"""Absence: when a person does not carry, and who carries for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import DateField, F, Func, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_REASON = 200


class AbsenceRefused(Refused):
    code = "absence_refused"


class Absences(models.QuerySet["Absence"]):
    """Questions about absences."""

    def visible_to(self, user: User) -> Absences:
        """Colleagues see who is away and who carries for them; the reason is a sensitive field."""
        return self if abilities.standing_of(user).scope("absence") is abilities.Scope.ALL else self.none()

    def on(self, day: date) -> Absences:
        return self.filter(first_on__lte=day, last_on__gte=day)

    def under_way(self) -> Absences:
        """Those of today, by the day that it is where each person is."""
        today = Func(F("user__time_zone"), template="(STATEMENT_TIMESTAMP() AT TIME ZONE %(expressions)s)::date", output_field=DateField())
        return self.filter(first_on__lte=today, last_on__gte=today)

    def not_over(self, day: date) -> Absences:
        return self.filter(last_on__gte=day).order_by("first_on", "id")

    def for_listing(self) -> Absences:
        return self.select_related("user", "deputy")


class Absence(models.Model):
    """A person is away from the first day to the last, both included, in their own time zone."""

    noun: ClassVar[str] = "absence"

    user = models.ForeignKey("core.User", models.CASCADE, related_name="absences", verbose_name=_("person"))
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    deputy = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("deputy"))
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON, blank=True)
    recorded_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()

    objects = Absences.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="absence_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(deputy=F("user")), name="absence_deputy_is_somebody_else"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.first_on}–{self.last_on}"


def by_person(people: Iterable[User], *, seen_by: User) -> dict[int, Absence]:
    """By the id of a person who is away today, their absence; one query."""
    return {one.user_id: one for one in Absence.objects.visible_to(seen_by).under_way().filter(user__in=[person.pk for person in people])}


def may_mark(actor: User, person: User) -> bool:
    """Everybody for themselves; a manager for the teams below; whoever manages people for everybody."""
    standing = abilities.standing_of(actor)
    manages = abilities.Role.MANAGER in standing.roles and person.team_id in standing.tree
    return manages or abilities.Ability.MANAGE_PEOPLE in standing.abilities or (actor.pk == person.pk and bool(standing.roles))


def require_may_mark(actor: User, person: User) -> None:
    """Raise Forbidden unless the person may."""
    if not may_mark(actor, person):
        raise Forbidden(_("You may not write down absences of this person. Ask their manager."))


@transaction.atomic
def mark(user: User, *, first_on: date, last_on: date, by: By, at: datetime, deputy: User | None = None, reason: str = "") -> Absence:
    """Write down that a person is away on these days, both included. Raises AbsenceRefused."""
    if last_on < first_on:
        raise AbsenceRefused(_("An absence cannot end before it starts."))
    if deputy is not None and deputy.pk == user.pk:
        raise AbsenceRefused(_("The deputy must be somebody else."))
    if len(reason) > LONGEST_REASON:
        raise AbsenceRefused(_("The reason is longer than %(n)s characters.") % {"n": LONGEST_REASON})
    # The person's row is held so that two overlapping absences cannot be written at once.
    type(user).objects.get_queryset().select_for_update().get(pk=user.pk)
    if Absence.objects.filter(user=user, first_on__lte=last_on, last_on__gte=first_on).exists():
        raise AbsenceRefused(_("An absence on some of these days is written down already."))
    absence = Absence.objects.create(user=user, first_on=first_on, last_on=last_on, deputy=deputy, reason=reason.strip(), recorded_by=by.actor, recorded_at=at)
    # The reason may be about a person's health: it is not copied into a log that is never erased.
    audit.record(
        absence, action="mark", by=by, at=at, changes={"user": (None, user), "first_on": (None, first_on), "last_on": (None, last_on), "deputy": (None, deputy)}
    )
    return absence


@transaction.atomic
def cancel(absence: Absence, *, by: By, at: datetime) -> None:
    """Take an absence back. Taking it back twice changes nothing."""
    held = Absence.objects.select_for_update(of=("self",)).select_related("user").filter(pk=absence.pk).first()
    if held is None:
        return
    audit.record(held, action="cancel", by=by, at=at, changes={"user": (held.user, None), "first_on": (held.first_on, None), "last_on": (held.last_on, None)})
    Absence.objects.filter(pk=held.pk).delete()
