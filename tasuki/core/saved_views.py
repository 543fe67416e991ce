"""Saved views: a filter, an order and columns of a list under a name, for oneself, for one's team or for everybody.

What it says of rows means whoever reads it: `owner:is(me)` shows each reader their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Gone, Refused
from tasuki.core.filters import sentences
from tasuki.core.meanwhile import held

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_NAME = 60
# Written out, as every list asks it: Django takes five times as long to write it as PostgreSQL to answer.
_SEEN = """
    SELECT * FROM core_savedview
    WHERE of = %s AND removed_at IS NULL AND (owner_id = %s OR reach = 'all' OR (reach = 'team' AND team_id = %s)) ORDER BY name, id
"""
# So long a removed view can be brought back.
KEPT_AFTER_REMOVAL = timedelta(days=30)


class Reach(models.TextChoices):
    """Who has the view among their tabs."""

    MINE = "mine", _("only me")
    TEAM = "team", _("my team")
    ALL = "all", _("everybody")


class ViewNameWrong(Refused):
    code = "view_name_wrong"

    def __init__(self) -> None:
        super().__init__(_("Give the view a name of at most %(n)s characters.") % {"n": LONGEST_NAME})


class NoTeam(Refused):
    code = "no_team"

    def __init__(self) -> None:
        super().__init__(_("You are in no team that could share a view."))


class CannotBringBack(Refused):
    code = "cannot_bring_back"

    def __init__(self) -> None:
        super().__init__(_("This view was removed too long ago, or was not removed at all."))


class SavedViews(models.QuerySet["SavedView"]):
    """Questions about saved views."""

    def visible_to(self, user: User) -> SavedViews:
        return self.reaching(user).filter(removed_at__isnull=True)

    def reaching(self, user: User) -> SavedViews:
        """Those that are for the person, the removed ones among them."""
        standing = abilities.standing_of(user)
        if not standing.roles:
            return self.none()
        shared = Q(reach=Reach.ALL) if standing.team_id is None else Q(reach=Reach.ALL) | Q(reach=Reach.TEAM, team=standing.team_id)
        return self.filter(shared | Q(owner=user.pk))


class SavedView(models.Model):
    """One view of one list. `team` is the team that shares it, at the time it was shared."""

    of = models.CharField(_("list"), max_length=40)
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    owner = models.ForeignKey("core.User", models.CASCADE, related_name="saved_views", verbose_name=_("owner"))
    reach = models.CharField(_("for whom"), max_length=4, choices=Reach.choices, default=Reach.MINE)
    team = models.ForeignKey("core.Team", models.CASCADE, null=True, blank=True, related_name="saved_views", verbose_name=_("team"))
    filter = models.TextField(_("filter"), blank=True)
    sort = models.CharField(_("order"), max_length=80)
    columns = models.JSONField(_("columns"), default=list)
    rendering = models.CharField(_("shown as"), max_length=8, default="", db_default="", blank=True)
    grouping = models.CharField(_("grouped by"), max_length=80, default="", db_default="", blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    removed_at = models.DateTimeField(_("removed"), null=True)

    objects = SavedViews.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        indexes = [
            models.Index(fields=["of", "owner"], name="saved_view_of_list"),
            models.Index(fields=["removed_at"], name="saved_view_removed", condition=Q(removed_at__isnull=False)),
        ]
        constraints = [models.CheckConstraint(condition=~Q(reach="team") | Q(team__isnull=False), name="shared_with_a_team")]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Shown:
    """What a view shows: a filter in the filter language, a column's key with - for falling, and the keys of columns in their order.

    `rendering` says how ("": as a table), `grouping` which field puts rows together ("": none, or the one that the rendering begins with).
    """

    filter: str
    sort: str
    columns: tuple[str, ...]
    rendering: str = ""
    grouping: str = ""


def seen_by(user: User, noun: str) -> list[SavedView]:
    """The views of one list that are `visible_to` the person, by name."""
    standing = abilities.standing_of(user)
    return list(SavedView.objects.raw(_SEEN, [noun, user.pk, standing.team_id])) if standing.roles else []


def removed_from(user: User) -> SavedViews:
    """The views that the person saw before somebody removed them."""
    return SavedView.objects.reaching(user).filter(removed_at__isnull=False)


@transaction.atomic
def keep(view: SavedView | None, *, of: str, name: str, reach: Reach, shown: Shown, by: By, at: datetime) -> SavedView:
    """Write a new view of the list `of`, or say anew what an own one shows. Raises ViewNameWrong, NoTeam, Forbidden, FilterWrong."""
    owner = _author(by)
    if view is not None:
        view = _own(view, owner)
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise ViewNameWrong
    if reach is Reach.ALL:
        abilities.require(owner, Ability.SHARE_VIEWS)
    if reach is Reach.TEAM and owner.team is None:
        raise NoTeam
    said = {
        "name": name,
        "reach": reach.value,
        "team": owner.team if reach is Reach.TEAM else None,
        "filter": sentences.written(sentences.read(shown.filter)),
        "sort": shown.sort,
        "columns": list(shown.columns),
        "rendering": shown.rendering,
        "grouping": shown.grouping,
    }
    if view is None:
        view = SavedView.objects.create(of=of, owner=owner, created_at=at, updated_at=at, **said)
        audit.record(view, action="add", by=by, at=at, changes={field: (None, value) for field, value in said.items()})
        return view
    if changes := audit.difference(view, said):
        SavedView.objects.filter(pk=view.pk).update(**said, updated_at=at)
        audit.record(view, action="change", by=by, at=at, changes=changes)
    view.refresh_from_db()
    return view


@transaction.atomic
def remove(view: SavedView, *, by: By, at: datetime) -> None:
    """Take an own view away, from all who had it. Raises Forbidden for another's, Gone."""
    view = _own(view, _author(by))
    SavedView.objects.filter(pk=view.pk).update(removed_at=at)
    audit.record(view, action="remove", by=by, at=at, changes={"name": (view.name, None), "filter": (view.filter, None)})


@transaction.atomic
def bring_back(view: SavedView, *, by: By, at: datetime) -> SavedView:
    """Give a removed view back to all who had it. Raises Forbidden for another's, CannotBringBack."""
    view = _writable(view, _author(by))
    if view.removed_at is None or at - view.removed_at > KEPT_AFTER_REMOVAL:
        raise CannotBringBack
    SavedView.objects.filter(pk=view.pk).update(removed_at=None)
    audit.record(view, action="restore", by=by, at=at, changes={"name": (None, view.name), "filter": (None, view.filter)})
    view.refresh_from_db()
    return view


def forget_removed(*, at: datetime) -> int:
    """Let go what was removed long ago; → how many. The audit trail keeps what they were called."""
    return SavedView.objects.filter(removed_at__lt=at - KEPT_AFTER_REMOVAL).delete()[0]


def _author(by: By) -> User:
    if by.actor is None:
        raise Forbidden(_("A view is somebody’s."))
    return by.actor


def _own(view: SavedView, person: User) -> SavedView:
    view = _writable(view, person)
    if view.removed_at is not None:
        raise Gone
    return view


def _writable(view: SavedView, person: User) -> SavedView:
    """The view as it is now, held. Who may share with everybody may also tidy what others have shared with everybody."""
    view = held(view)
    if view.owner_id != person.pk and not (view.reach == Reach.ALL and abilities.can(person, Ability.SHARE_VIEWS)):
        raise Forbidden(_("This view is somebody else’s. Save it under another name to have your own."))
    return view
