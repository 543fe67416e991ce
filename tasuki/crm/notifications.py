"""Notifications: what a person should know, as rows, written in the transaction of what caused them. One for each cause and person.

`tell` tells certain people, `tell_followers` those who follow a record; both are one statement, however many people there are. What
many records cause at once (a bulk change, an import, a departure) becomes one row with a count: `By.as_one` names that cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities
from tasuki.core.audit import AuditEntry
from tasuki.crm import following
from tasuki.crm.following import About, Because

if TYPE_CHECKING:
    from tasuki.core.audit import By
    from tasuki.core.imports.runs import ImportRun
    from tasuki.core.people import User
    from tasuki.crm.tasks import Task
    from tasuki.crm.timeline import TimelineEntry

# What was read stays so long; what was not read stays until it is.
KEPT = timedelta(days=90)
# The bell counts no further.
COUNTED = 10
# Written out, as every page asks it: Django takes ten times as long to write it as PostgreSQL to answer.


class Happening(models.TextChoices):
    """What a notification is about, and what a person chooses a way for."""

    MENTION = "mention", _("You are mentioned in a note")
    TASK = "task", _("A task is given to you")
    GIVEN = "given", _("A record is given to you")
    NOTE = "note", _("A note")
    MOVE = "move", _("A move to another stage")
    CLOSE = "close", _("Won, lost, recycled or disqualified")
    OWNER = "owner", _("A new owner")
    DONE = "done", _("A task that is done")
    FILE = "file", _("A file")
    REFUSED = "refused", _("A file of yours that the virus scanner refuses")
    MERGE = "merge", _("A merge")
    QUEUED = "queued", _("A lead that could be given to nobody")
    KIN = "kin", _("Another lead of a company whose deal you brought")
    DUE = "due", _("An answer that you owe soon")
    BREACH = "breach", _("An agreement between teams that was not kept")
    REPLY = "reply", _("An answer by mail from somebody whose lead is yours")
    CALLED = "called", _("A call from somebody whose lead is yours")
    CALENDAR = "calendar", _("Your own calendar has another time for a meeting")
    HANDOFF = "handoff", _("A hand-off that is offered to you, answered, or late")
    COACHING = "coaching", _("A review of your call, a comment on it, or a step of a skill card")
    PRAISE = "praise", _("Praise for something that you did")
    WIN = "win", _("A win that you had a part in")
    BULK = "bulk", _("A change of many rows that is done in the background")
    IMPORT = "import", _("An import of yours that is done, stopped or failed")


# These are about the person; the others come because the person follows a record.
ABOUT_ME = (Happening.MENTION, Happening.TASK, Happening.GIVEN, Happening.QUEUED, Happening.KIN, Happening.DUE, Happening.BREACH, Happening.REPLY,
            Happening.CALLED, Happening.CALENDAR, Happening.HANDOFF, Happening.COACHING, Happening.PRAISE, Happening.WIN,
            Happening.BULK, Happening.IMPORT)  # fmt: skip


class Way(models.TextChoices):
    """How a person hears of something. Mail comes besides the page, never instead of it."""

    PAGE = "page", _("here only")
    MAIL = "mail", _("here and by mail at once")
    DIGEST = "digest", _("here and in the mail of the morning")
    NONE = "none", _("not at all")


# Quiet until a person says otherwise: mail for what is addressed to them.
USUAL: dict[str, Way] = {**dict.fromkeys(Happening.values, Way.PAGE), Happening.MENTION: Way.MAIL, Happening.TASK: Way.MAIL, Happening.HANDOFF: Way.MAIL}


class Choices(models.QuerySet["NotificationChoice"]):
    def visible_to(self, user: User) -> Choices:
        return self.filter(person=user.pk)


class NotificationChoice(models.Model):
    """A person wants to hear of one happening in another way than is usual."""

    person = models.ForeignKey("core.User", models.CASCADE, related_name="+", db_index=False)
    happening = models.CharField(max_length=8, choices=Happening.choices)
    way = models.CharField(max_length=6, choices=Way.choices)

    objects = Choices.as_manager()

    class Meta:
        verbose_name = _("way of being told")
        verbose_name_plural = _("ways of being told")
        constraints = [models.UniqueConstraint(fields=["person", "happening"], name="notification_choice_once")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.happening} {self.way}"


class Notifications(models.QuerySet["Notification"]):
    """Questions about notifications."""

    def visible_to(self, user: User) -> Notifications:
        """One's own, as long as one sees what they are about: a record that was taken from a person tells them nothing more."""
        return self.filter(person=user.pk).filter(_about_visible(user))

    def unread(self) -> Notifications:
        return self.filter(read_at__isnull=True)

    def newest_first(self) -> Notifications:
        return self.order_by("-at", "-pk")

    def older_than(self, last: Notification) -> Notifications:
        """The page after one that ended with this one: keyset paging."""
        return self.filter(at__lte=last.at).exclude(at=last.at, pk__gte=last.pk)

    def for_listing(self) -> Notifications:
        return self.select_related("actor", "cause", "entry", "task", "account", "contact", "lead", "lead__contact", "lead__account")


class Notification(models.Model):
    """One thing that one person should know: by whom, about which record, because of which change (`cause`, an audit entry).

    `n_records` above one: so many records at once, and none of them is named; `noun` says what they are.
    """

    # The indexes and the constraint below begin with it. The database takes rows away with their record, entry or task: see the migration.
    person = models.ForeignKey("core.User", models.CASCADE, related_name="+", db_index=False)
    happening = models.CharField(max_length=8, choices=Happening.choices)
    noun = models.CharField(max_length=16)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="+", db_constraint=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, related_name="+", db_constraint=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="+", db_constraint=False)
    task = models.ForeignKey("crm.Task", models.CASCADE, null=True, related_name="+", db_constraint=False)
    entry = models.ForeignKey("crm.TimelineEntry", models.CASCADE, null=True, related_name="+", db_constraint=False)
    cause = models.ForeignKey("core.AuditEntry", models.PROTECT, related_name="+", db_index=False)
    actor = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", db_index=False)
    n_records = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    way = models.CharField(max_length=6, choices=Way.choices)
    mailed_at = models.DateTimeField(null=True)

    objects = Notifications.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            models.Index(fields=["person", "-at", "-id"], name="notification_of_person"),
            models.Index(fields=["person", "-at"], name="notification_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["person", "at"], name="notification_to_mail", condition=Q(mailed_at__isnull=True, way__in=["mail", "digest"])),
            models.Index(fields=["read_at"], name="notification_read", condition=Q(read_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["person", "cause"], name="notification_once_per_cause"),
            models.CheckConstraint(
                condition=Q(account__isnull=True, contact__isnull=True)
                | Q(account__isnull=True, lead__isnull=True)
                | Q(contact__isnull=True, lead__isnull=True),
                name="notification_of_one_record",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.happening}"


def tell(people: Iterable[int], *, happening: Happening, noun: str, cause: AuditEntry, by: By, at: datetime, about: About | None = None,
         entry: TimelineEntry | None = None, task: Task | None = None) -> None:  # fmt: skip
    """Tell these people, but not whoever did it. `task`: it is about the task, and not about a record."""
    ids = sorted(set(people))
    if not ids:
        return
    column, pk = about.own if about else ("", 0)
    columns = ", ".join(f"{'%(own)s::bigint' if name == column else 'NULL::bigint'} AS {name}" for name in _SUBJECTS)
    heard = f"SELECT person_id, 0 AS distance, {columns} FROM unnest(%(people)s::bigint[]) AS person_id"
    _write(heard, {"people": ids, "own": pk}, happening=happening, noun=noun, cause=cause, by=by, at=at, entry=entry, task=task)


@dataclass(frozen=True)
class Told:
    """One person, by id, and the lead that they are told about; `cause` and `entry` are of this lead alone."""

    person_id: int
    lead_id: int
    cause: AuditEntry
    entry: TimelineEntry | None = None


def tell_each(told: Iterable[Told], *, happening: Happening, by: By, at: datetime) -> None:
    """Tell these people, but not whoever did it, each of a lead, in one statement: what `tell` writes of each. `by` acts for many, and not `as_one`."""
    rows = list(told)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO crm_notification (person_id, happening, noun, lead_id, entry_id, cause_id, actor_id, n_records, at, way)
                SELECT said.person_id, %(happening)s, 'lead', said.lead_id, said.entry_id, said.cause_id, %(actor)s::bigint, 1, %(at)s,
                    coalesce(choice.way, %(usual)s)
                FROM unnest(%(people)s::bigint[], %(leads)s::bigint[], %(entries)s::bigint[], %(causes)s::bigint[])
                    AS said(person_id, lead_id, entry_id, cause_id)
                JOIN core_user person ON person.id = said.person_id AND person.is_active
                LEFT JOIN crm_notificationchoice choice ON choice.person_id = said.person_id AND choice.happening = %(happening)s
                WHERE said.person_id IS DISTINCT FROM %(actor)s::bigint AND coalesce(choice.way, %(usual)s) <> 'none'
                ON CONFLICT (person_id, cause_id) DO NOTHING""",
            {
                "people": [one.person_id for one in rows],
                "leads": [one.lead_id for one in rows],
                "entries": [one.entry.pk if one.entry else None for one in rows],
                "causes": [one.cause.pk for one in rows],
                "happening": happening.value,
                "actor": by.actor.pk if by.actor else None,
                "at": at,
                "usual": USUAL[happening].value,
            },
        )


def tell_followers(about: About, *, happening: Happening, noun: str, cause: AuditEntry, by: By, at: datetime, entry: TimelineEntry | None = None,
                   but: Iterable[int] = ()) -> None:  # fmt: skip
    """Tell whoever follows the record, and whoever chose to follow what it belongs to; not `but`, who were told otherwise."""
    own, pk = about.own
    heard = [f"SELECT person_id, 0 AS distance, {_subject(own)} FROM crm_follow WHERE {own} = %(own)s AND stopped_at IS NULL"]
    if own != "contact_id":
        table = "crm_lead" if own == "lead_id" else "crm_account"
        heard.append(f"SELECT owner_id, 0, {_subject(own, 'id')} FROM {table} WHERE id = %(own)s AND owner_id IS NOT NULL")
    params: dict[str, Any] = {"own": pk, "but": sorted(set(but)), "chose": Because.CHOSE.value}
    for distance, (column, wider) in enumerate(about.wider, start=1):
        heard.append(
            f"""SELECT person_id, {distance}, {_subject(column)} FROM crm_follow
                WHERE {column} = %({column})s AND stopped_at IS NULL AND because = %(chose)s"""
        )
        params[column] = wider
    wanted = f"""SELECT * FROM ({" UNION ALL ".join(heard)}) heard WHERE person_id <> ALL(%(but)s::bigint[]) AND NOT EXISTS (
        SELECT FROM crm_follow stopped WHERE stopped.person_id = heard.person_id AND stopped.{own} = %(own)s AND stopped.stopped_at IS NOT NULL)"""
    _write(wanted, params, happening=happening, noun=noun, cause=cause, by=by, at=at, entry=entry)


def tell_of_new_owner(record: Any, *, to: User | None, cause: AuditEntry, by: By, at: datetime, entry: TimelineEntry | None = None) -> None:
    """Tell whoever has a record now, whoever had it, and who follows. `record` is as it was before."""
    about, ways = following.about(record), {"noun": record.noun, "cause": cause, "by": by, "at": at, "entry": entry}
    now, before = [to.pk] if to else [], [record.owner_id] if record.owner_id else []
    tell(now, happening=Happening.GIVEN, about=about, **ways)
    tell(before, happening=Happening.OWNER, about=about, **ways)
    tell_followers(about, happening=Happening.OWNER, but=[*now, *before], **ways)


def tell_of_import(run: ImportRun, *, model: type[models.Model], noun: str, at: datetime) -> None:
    """Tell each person how many of the records that an import made are theirs: one row, however many there are."""
    cause = AuditEntry.objects.of(run).filter(action="begin").order_by("pk").last()
    if cause is None:  # a trial, which is undone in a moment
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO crm_notification (person_id, happening, noun, cause_id, actor_id, n_records, at, way)
                SELECT person.id, %(given)s, %(noun)s, %(cause)s, %(actor)s::bigint, count(*), %(at)s, coalesce(min(choice.way), %(usual)s)
                FROM core_importrow made JOIN {model._meta.db_table} record ON record.id = made.target_id
                JOIN core_user person ON person.id = record.owner_id AND person.is_active
                LEFT JOIN crm_notificationchoice choice ON choice.person_id = person.id AND choice.happening = %(given)s
                WHERE made.run_id = %(run)s AND made.state = 'created' AND person.id IS DISTINCT FROM %(actor)s::bigint
                GROUP BY person.id HAVING coalesce(min(choice.way), %(usual)s) <> 'none' ON CONFLICT DO NOTHING""",
            {"given": Happening.GIVEN.value, "noun": noun, "cause": cause.pk, "actor": run.started_by_id, "at": at, "run": run.pk,
             "usual": USUAL[Happening.GIVEN].value},
        )  # fmt: skip


def take_import_back(run: ImportRun) -> None:
    """The import is undone: nobody was given anything."""
    begun = AuditEntry.objects.of(run).filter(action="begin")
    Notification.objects.filter(cause__in=begun.values("pk"), happening=Happening.GIVEN).delete()


def take_back(happening: Happening, *, record_id: int) -> None:
    """What people were told of a record was a mistake, and the record goes."""
    Notification.objects.filter(happening=happening, cause__record_id=record_id).delete()


def unread_by(user: User) -> Notifications:
    """What the person has not read, as much of it as is counted."""
    return Notification.objects.filter(person=user.pk).unread().order_by()[:COUNTED]


def n_unread(user: User) -> int:
    """How many the person has not read, counted up to `COUNTED`."""
    return unread_by(user).count()


def read(user: User, *, at: datetime, ids: Iterable[int] | None = None, until: datetime | None = None) -> int:
    """Mark one's own as read: those of the ids, or all that came until a moment; → how many were not read before."""
    rows = Notification.objects.filter(person=user.pk, read_at__isnull=True)
    rows = rows.filter(pk__in=list(ids)) if ids is not None else rows.filter(at__lte=until or at)
    return rows.update(read_at=at)


def read_about(user: User, *, at: datetime, **record: Any) -> None:
    """The person looks at a record or a task: what they were told about it is read."""
    Notification.objects.filter(person=user.pk, read_at__isnull=True, **record).update(read_at=at)


def settle(user: User, *, at: datetime) -> int:
    """Count as read what the person does not see any more, so that the bell and the page agree; → how many."""
    seen = Notification.objects.visible_to(user).unread().values("pk")
    return Notification.objects.filter(person=user.pk, read_at__isnull=True).exclude(pk__in=seen).update(read_at=at)


def forget(*, at: datetime) -> int:
    """Take away what was read more than `KEPT` ago; → how many."""
    return Notification.objects.filter(read_at__lt=at - KEPT).delete()[0]


@transaction.atomic
def choose(user: User, *, ways: dict[Happening, Way]) -> None:
    """Keep how a person wants to hear of things; what is as usual needs no row. Of two who say it at once, as on two pages, the later is heard."""
    unusual = {happening: way for happening, way in ways.items() if way != USUAL[happening]}
    NotificationChoice.objects.filter(person=user, happening__in=[one.value for one in ways.keys() - unusual.keys()]).delete()
    NotificationChoice.objects.bulk_create(
        [NotificationChoice(person=user, happening=happening, way=unusual[happening]) for happening in sorted(unusual)],
        update_conflicts=True,
        unique_fields=["person", "happening"],
        update_fields=["way"],
    )


def ways_of(user: User) -> dict[str, str]:
    """How the person hears of each happening."""
    return USUAL | dict(NotificationChoice.objects.filter(person=user).values_list("happening", "way"))


_SUBJECTS = ("account_id", "contact_id", "lead_id")


def _subject(column: str, path: str = "") -> str:
    """The three columns of a record that is told about, of which one is filled."""
    return ", ".join(f"{path or name} AS {name}" if name == column else f"NULL::bigint AS {name}" for name in _SUBJECTS)


def _write(heard: str, params: dict[str, Any], *, happening: Happening, noun: str, cause: AuditEntry, by: By, at: datetime,
           entry: TimelineEntry | None = None, task: Task | None = None) -> None:  # fmt: skip
    """One row for each person of the query `heard` (person_id, distance, the three subjects), whoever did it left out.

    The first cause that a person is told of stands; the records of one cause are counted in one row, which then names none of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO crm_notification AS there (person_id, happening, noun, account_id, contact_id, lead_id, task_id, entry_id, cause_id, actor_id,
                    n_records, at, way)
                SELECT DISTINCT ON (heard.person_id) heard.person_id, %(happening)s, %(noun)s, heard.account_id, heard.contact_id, heard.lead_id,
                    %(task)s::bigint, %(entry)s::bigint, %(cause)s, %(actor)s::bigint, 1, %(at)s, coalesce(choice.way, %(usual)s)
                FROM ({heard}) heard JOIN core_user person ON person.id = heard.person_id AND person.is_active
                LEFT JOIN crm_notificationchoice choice ON choice.person_id = heard.person_id AND choice.happening = %(happening)s
                WHERE heard.person_id IS DISTINCT FROM %(actor)s::bigint AND coalesce(choice.way, %(usual)s) <> 'none'
                ORDER BY heard.person_id, heard.distance
                ON CONFLICT (person_id, cause_id) DO UPDATE SET n_records = there.n_records + 1, account_id = NULL, contact_id = NULL, lead_id = NULL,
                    task_id = NULL, entry_id = NULL WHERE %(many)s AND there.happening = excluded.happening""",
            {
                **params,
                "happening": happening.value,
                "noun": noun,
                "task": task.pk if task else None,
                "entry": entry.pk if entry else None,
                "cause": by.as_one or cause.pk,
                "actor": by.actor.pk if by.actor else None,
                "at": at,
                "usual": USUAL[happening].value,
                "many": by.as_one is not None,
            },
        )


def _about_visible(user: User) -> Q:
    """The condition that a person sees what a notification is about. Asked row by row: there are few, and many records."""
    standing = abilities.standing_of(user)
    sees_all = standing.scope("lead") is abilities.Scope.ALL and standing.scope("account") is abilities.Scope.ALL
    seen = Q()
    for field in ("task",) if sees_all else ("account", "contact", "lead", "task"):
        # The models stand beside or above this one in the import graph; Django's registry knows them by name.
        rows = apps.get_model("crm", field)._default_manager.get_queryset().visible_to(user)
        seen &= Q(**{f"{field}__isnull": True}) | Q(Exists(rows.filter(pk=OuterRef(f"{field}_id"))))
    return seen
