"""Who may do what, and whose rows they see: two tables a manager could read, and the only place that decides.

A role is granted by a row (`RoleGrant`), so that one person may hold several, and we know who granted it and when.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from tasuki.core import team_trees
from tasuki.core.errors import Forbidden

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User


class Role(models.TextChoices):
    """What a person is here for. One person may hold all of them."""

    ADMINISTRATOR = "administrator", _("Administrator")
    OPERATIONS = "operations", _("Revenue operations")
    MANAGER = "manager", _("Manager")
    MARKETER = "marketer", _("Marketer")
    INSIDE_SELLER = "inside_seller", _("Inside seller")
    FIELD_SELLER = "field_seller", _("Field seller")
    SUCCESS_MANAGER = "success_manager", _("Customer success manager")
    COACH = "coach", _("Coach")
    OBSERVER = "observer", _("Observer")


class Scope(enum.IntEnum):
    """How far a person sees for one noun; a person with several roles has the widest."""

    NOTHING = 0
    OWN = 1
    TEAM = 2
    TREE = 3
    ALL = 4


class Ability(models.TextChoices):
    """What can be done beyond seeing. The value is what the audit log and the API name it."""

    SEE_RELAY = "see_relay", _("see the relay and its numbers")
    WORK_LEADS = "work_leads", _("add and move leads")
    WORK_OPPORTUNITIES = "work_opportunities", _("add and move opportunities")
    WORK_ACCOUNTS = "work_accounts", _("add and change accounts and contacts")
    MERGE_RECORDS = "merge_records", _("merge and delete records")
    ASSIGN_OWNERS = "assign_owners", _("change the owner of a record")
    SEE_CONTACT_DETAILS = "see_contact_details", _("see phone numbers and mail addresses")
    SEE_AMOUNTS = "see_amounts", _("see amounts of money")
    IMPORT_DATA = "import_data", _("import data and undo an import")
    EXPORT_DATA = "export_data", _("export data")
    SHARE_VIEWS = "share_views", _("share a view of a list with everybody")
    EDIT_STAGES = "edit_stages", _("edit the definitions of stages")
    EDIT_FIELDS = "edit_fields", _("edit custom fields")
    EDIT_PRODUCTS = "edit_products", _("edit products")
    EDIT_PROCESS = "edit_process", _("edit routing, agreements, scoring, scripts and reasons")
    DRAFT_PLAN = "draft_plan", _("draft the revenue plan")
    AGREE_PLAN = "agree_plan", _("agree on the revenue plan")
    MANAGE_PEOPLE = "manage_people", _("manage people, teams and roles")
    MANAGE_SETTINGS = "manage_settings", _("change the organisation, its calendars and how the installation runs")
    REVIEW_CALLS = "review_calls", _("hear and review the calls of colleagues")
    READ_AUDIT_LOG = "read_audit_log", _("read the audit log")
    DISCLOSE_PEOPLE = "disclose_people", _("hand out all that is held about a person")
    ERASE_PEOPLE = "erase_people", _("erase a person")


_A = Role.ADMINISTRATOR
_O = Role.OPERATIONS
_M = Role.MANAGER
_MK = Role.MARKETER
_IS = Role.INSIDE_SELLER
_FS = Role.FIELD_SELLER
_CS = Role.SUCCESS_MANAGER
_CO = Role.COACH
_OB = Role.OBSERVER
_EVERYONE = frozenset(Role)

ABILITIES: dict[Ability, frozenset[Role]] = {
    Ability.SEE_RELAY: _EVERYONE,
    Ability.WORK_LEADS: frozenset({_A, _O, _M, _MK, _IS, _FS}),
    Ability.WORK_OPPORTUNITIES: frozenset({_A, _O, _M, _IS, _FS, _CS}),
    Ability.WORK_ACCOUNTS: _EVERYONE - {_CO, _OB},
    Ability.MERGE_RECORDS: frozenset({_A, _O, _M}),
    Ability.ASSIGN_OWNERS: frozenset({_A, _O, _M}),
    Ability.SEE_CONTACT_DETAILS: _EVERYONE - {_CO, _OB},
    Ability.SEE_AMOUNTS: _EVERYONE - {_MK, _CO},
    Ability.IMPORT_DATA: frozenset({_A, _O}),
    Ability.EXPORT_DATA: frozenset({_A, _O, _M}),
    Ability.SHARE_VIEWS: frozenset({_A, _O, _M}),
    Ability.EDIT_STAGES: frozenset({_A, _O}),
    Ability.EDIT_FIELDS: frozenset({_A, _O}),
    Ability.EDIT_PRODUCTS: frozenset({_A, _O}),
    Ability.EDIT_PROCESS: frozenset({_A, _O}),
    Ability.DRAFT_PLAN: frozenset({_A, _O, _M}),
    Ability.AGREE_PLAN: frozenset({_A, _M}),
    Ability.MANAGE_PEOPLE: frozenset({_A}),
    Ability.MANAGE_SETTINGS: frozenset({_A}),
    Ability.REVIEW_CALLS: frozenset({_A, _M, _CO}),
    Ability.READ_AUDIT_LOG: frozenset({_A, _O}),
    Ability.DISCLOSE_PEOPLE: frozenset({_A, _O}),
    Ability.ERASE_PEOPLE: frozenset({_A, _O}),
}

# Whose rows: own, the team's, the whole tree below the team, or all. A noun that is missing here is seen by nobody.
VISIBILITY: dict[str, dict[Role, Scope]] = {
    "lead": {
        _A: Scope.ALL, _O: Scope.ALL, _M: Scope.TREE, _MK: Scope.ALL, _IS: Scope.TEAM, _FS: Scope.OWN,
        _CS: Scope.OWN, _CO: Scope.NOTHING, _OB: Scope.ALL,
    },
    "opportunity": {
        _A: Scope.ALL, _O: Scope.ALL, _M: Scope.TREE, _MK: Scope.ALL, _IS: Scope.OWN, _FS: Scope.TEAM,
        _CS: Scope.OWN, _CO: Scope.NOTHING, _OB: Scope.ALL,
    },
    "account": {
        _A: Scope.ALL, _O: Scope.ALL, _M: Scope.TREE, _MK: Scope.ALL, _IS: Scope.TEAM, _FS: Scope.TEAM,
        _CS: Scope.TEAM, _CO: Scope.NOTHING, _OB: Scope.ALL,
    },
    "task": {
        _A: Scope.ALL, _O: Scope.ALL, _M: Scope.TREE, _MK: Scope.OWN, _IS: Scope.TEAM, _FS: Scope.OWN,
        _CS: Scope.OWN, _CO: Scope.NOTHING, _OB: Scope.NOTHING,
    },
    # The package of a hand-off is seen by both sides, whoever may see the lead.
    "handoff": {
        _A: Scope.ALL, _O: Scope.ALL, _M: Scope.TREE, _MK: Scope.OWN, _IS: Scope.TEAM, _FS: Scope.TEAM,
        _CS: Scope.OWN, _CO: Scope.NOTHING, _OB: Scope.ALL,
    },
    # Of whose calls a person hears the recording, and reads what was said about it.
    "recording": {
        _A: Scope.ALL, _O: Scope.OWN, _M: Scope.TREE, _MK: Scope.OWN, _IS: Scope.OWN, _FS: Scope.OWN,
        _CS: Scope.OWN, _CO: Scope.TEAM, _OB: Scope.NOTHING,
    },
    # Reference data: whoever has any role sees all of it.
    "product": dict.fromkeys(Role, Scope.ALL),
    "stage": dict.fromkeys(Role, Scope.ALL),
    "user": dict.fromkeys(Role, Scope.ALL),
    "team": dict.fromkeys(Role, Scope.ALL),
    "absence": dict.fromkeys(Role, Scope.ALL),
}  # fmt: skip

# Of these nouns each row stands in a team.
_OF_TEAMS = frozenset({"lead", "account", "opportunity", "handoff"})

# Fields that only some may see, wherever they would be shown, filtered by, exported or searched.
SENSITIVE_FIELDS: dict[str, dict[str, Ability]] = {
    "contact": {"emails": Ability.SEE_CONTACT_DETAILS, "phones": Ability.SEE_CONTACT_DETAILS},
    "opportunity": {"amount": Ability.SEE_AMOUNTS},
    "product": {"price": Ability.SEE_AMOUNTS},
    "call": {"number": Ability.SEE_CONTACT_DETAILS},
    "meeting": {"attendees": Ability.SEE_CONTACT_DETAILS},
    "message": {"address": Ability.SEE_CONTACT_DETAILS, "text": Ability.SEE_CONTACT_DETAILS},
    "passage": {"amount": Ability.SEE_AMOUNTS},
    "plan": dict.fromkeys(("target", "carried", "expansion", "mean_order", "assumed_order"), Ability.SEE_AMOUNTS),
    "absence": {"reason": Ability.MANAGE_PEOPLE},
}


class RoleGrants(models.QuerySet["RoleGrant"]):
    """Questions about roles."""

    def visible_to(self, user: User) -> RoleGrants:
        """Colleagues see who holds which role: it says whom to ask."""
        return self if standing_of(user).roles else self.none()


class RoleGrant(models.Model):
    """A person holds a role from the moment it was granted until it is taken back."""

    user = models.ForeignKey("core.User", models.CASCADE, related_name="role_grants")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    granted_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField()

    objects = RoleGrants.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="role_granted_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"


@dataclass(frozen=True)
class Standing:
    """What one person is and may do at this moment: asked once a request, then plain memory. `is_top`: the tree holds every team of the house."""

    user_id: int
    team_id: int | None
    tree: frozenset[int]
    is_top: bool
    roles: frozenset[Role]
    abilities: frozenset[Ability]

    def scope(self, noun: str) -> Scope:
        table = VISIBILITY.get(noun, {})
        return max((table.get(role, Scope.NOTHING) for role in self.roles), default=Scope.NOTHING)

    def sees_all(self, noun: str) -> bool:
        """Whether no row of the noun is hidden: then none is asked whose it is."""
        scope = self.scope(noun)
        return scope is Scope.ALL or (scope is Scope.TREE and self.is_top and noun in _OF_TEAMS)

    def hides(self, noun: str) -> frozenset[str]:
        """The fields of `noun` that this person must not see."""
        return frozenset(field for field, ability in SENSITIVE_FIELDS.get(noun, {}).items() if ability not in self.abilities)


def standing_of(user: User) -> Standing:
    """The person's roles, abilities and team tree; two queries the first time, none after."""
    if "_standing" not in user.__dict__:
        load_standings([user])
    standing: Standing = user.__dict__["_standing"]
    return standing


def load_standings(users: Iterable[User]) -> None:
    """Ask for the standings of many people at once: two queries however many there are."""
    unknown = [user for user in users if "_standing" not in user.__dict__]
    granted: dict[int, set[Role]] = defaultdict(set)
    with connection.cursor() as cursor:
        # Written out, as every request asks it: Django takes ten times as long to write it as PostgreSQL to answer.
        asked = "SELECT user_id, role, (SELECT count(*) FROM core_team) FROM core_rolegrant WHERE user_id = ANY(%s)"
        cursor.execute(asked, [[user.pk for user in unknown if user.is_active]])
        rows = cursor.fetchall()
    for pk, role, _n_teams in rows:
        granted[pk].add(Role(role))
    n_teams = rows[0][2] if rows else 0
    teams = {user.team_id for user in unknown if user.team_id is not None}
    trees = team_trees.trees(teams) if teams else {}
    for user in unknown:
        roles = frozenset(granted[user.pk])
        abilities = frozenset(ability for ability, holders in ABILITIES.items() if holders & roles)
        tree = trees.get(user.team_id, frozenset()) if user.team_id is not None else frozenset()
        user.__dict__["_standing"] = Standing(user.pk, user.team_id, tree, len(tree) == n_teams, roles, abilities)


def forget_standing(user: User) -> None:
    """For verbs that change what a person is: the next question is answered from the database again."""
    user.__dict__.pop("_standing", None)


def can(user: User, ability: Ability) -> bool:
    return ability in standing_of(user).abilities


def require(user: User, ability: Ability) -> None:
    """Raise Forbidden, with the ability in words, unless the person may."""
    if not can(user, ability):
        raise Forbidden(_("You may not %(ability)s. Ask an administrator.") % {"ability": ability.label})


def owned_by_scope(standing: Standing, noun: str, *, owner: str = "owner", team: str = "team") -> models.Q:
    """The condition on `owner` and `team` for the rows of `noun` that a person sees; or on the paths to both, for rows that hang on such."""
    if standing.sees_all(noun):
        return models.Q()
    if standing.scope(noun) is Scope.NOTHING:
        return models.Q(pk__in=[])
    own, teams = models.Q(**{owner: standing.user_id}), teams_of_scope(standing, noun)
    return own | models.Q(**{f"{team}__in": teams}) if teams else own


def own_of_scope(standing: Standing, noun: str) -> models.Q:
    """The condition on `owner` for the rows of `noun` that a person sees as their own."""
    return models.Q(pk__in=[]) if standing.scope(noun) is Scope.NOTHING else models.Q(owner=standing.user_id)


def teams_of_scope(standing: Standing, noun: str) -> frozenset[int]:
    """The teams of whose rows of `noun` a person sees each; none for whoever sees all there are, or only their own."""
    scope = standing.scope(noun)
    if scope is Scope.TREE:
        return frozenset(standing.tree)
    return frozenset({standing.team_id}) if scope is Scope.TEAM and standing.team_id is not None else frozenset()


def label(role: str) -> _StrOrPromise:
    return Role(role).label
