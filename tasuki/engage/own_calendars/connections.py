"""Connections: which calendar of a person is read and written, and how that goes. Its password is kept sealed, is never shown again, and never logged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, sealing
from tasuki.core.audit import By
from tasuki.core.errors import Forbidden, Refused
from tasuki.core.named_hosts import CALENDARS
from tasuki.core.sealing import SealBroken
from tasuki.engage.own_calendars import dav
from tasuki.engage.own_calendars.dav import LONGEST_ADDRESS, AddressWrong, Server
from tasuki.engage.own_calendars.troubles import LONGEST_WORDS, CalendarTrouble, Trouble

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tasuki.core.people import User

LONGEST_LOGIN = 320
# A server that refuses is asked again after so many minutes, the longer the more often it did.
_WAITS = (1, 2, 5, 15, 30, 60)
_PURPOSE = "tasuki.engage.own_calendar"


class CalendarWrong(Refused):
    """`field` is the one that is wrong, for a form to show it there."""

    code = "calendar_wrong"

    def __init__(self, field: str, message: _StrOrPromise) -> None:
        super().__init__(message)
        self.field = field


class NotYourCalendar(Forbidden):
    code = "not_your_calendar"

    def __init__(self) -> None:
        super().__init__(_("This is the calendar of somebody else."))


class OwnCalendars(models.QuerySet["OwnCalendar"]):
    """Questions about calendars."""

    def visible_to(self, user: User) -> OwnCalendars:
        """One's own, and nobody else's."""
        return self.filter(owner=user.pk) if abilities.standing_of(user).roles else self.none()

    def connected(self) -> OwnCalendars:
        return self.filter(is_active=True, owner__is_active=True)


class OwnCalendar(models.Model):
    """The calendar of one person. `address` is what they typed, `path` the calendar that was found there on the same server, `found` all of them
    ([path, name]). `*_trouble` says what keeps it from being read or written, and until when it is left alone. `version` and `listed_on` say
    as what and on which day it was last read through.
    """

    noun: ClassVar[str] = "owncalendar"

    owner = models.OneToOneField("core.User", models.PROTECT, related_name="own_calendar", verbose_name=_("owner"))
    address = models.CharField(_("address of the calendar"), max_length=LONGEST_ADDRESS)
    login = models.CharField(_("user name"), max_length=LONGEST_LOGIN)
    secret = models.TextField(blank=True, editable=False)
    path = models.CharField(max_length=1_000, blank=True)
    name = models.CharField(max_length=200, blank=True)
    found = models.JSONField(default=list)
    is_written = models.BooleanField(_("my meetings are written into it"), default=True)
    is_active = models.BooleanField(_("connected"), default=True)
    connected_at = models.DateTimeField(_("connected since"))
    disconnected_at = models.DateTimeField(_("disconnected"), null=True)
    turn_at = models.DateTimeField()
    read_trouble = models.CharField(max_length=12, choices=Trouble.choices, blank=True)
    read_words = models.CharField(max_length=LONGEST_WORDS, blank=True)
    read_retry_at = models.DateTimeField(null=True)
    n_read_failures = models.PositiveIntegerField(default=0)
    write_trouble = models.CharField(max_length=12, choices=Trouble.choices, blank=True)
    write_words = models.CharField(max_length=LONGEST_WORDS, blank=True)
    write_retry_at = models.DateTimeField(null=True)
    n_write_failures = models.PositiveIntegerField(default=0)
    version = models.CharField(max_length=500, blank=True)
    listed_on = models.DateField(null=True)
    read_at = models.DateTimeField(_("read"), null=True)

    objects = OwnCalendars.as_manager()

    class Meta:
        verbose_name = _("own calendar")
        verbose_name_plural = _("own calendars")
        constraints = [
            models.CheckConstraint(condition=Q(is_active=True) | Q(disconnected_at__isnull=False, secret=""), name="calendar_disconnected_keeps_no_secret"),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def works(self) -> bool:
        return self.is_active and not self.read_trouble and not self.write_trouble


@dataclass(frozen=True)
class Said:
    """What a person says of their calendar; an empty password is the one that is set already."""

    address: str
    login: str
    password: str = ""
    is_written: bool = True

    def __repr__(self) -> str:
        return f"Said({self.address!r}, …)"


def of(user: User) -> OwnCalendar | None:
    """The calendar that is connected, if there is one."""
    return OwnCalendar.objects.connected().select_related("owner").filter(owner=user.pk).first()


@transaction.atomic
def connect(owner: User, *, said: Said, by: By, at: datetime) -> OwnCalendar:
    """Connect a calendar, or change how it is. Only its owner does. It is looked for and read by a job. Raises NotYourCalendar, CalendarWrong."""
    _refuse_others(owner.pk, by)
    address, login = said.address.strip(), said.login.strip()
    _refuse_wrong(address, login)
    row = OwnCalendar.objects.select_for_update().filter(owner=owner).first()
    former = row if row and row.is_active else None
    row = row or OwnCalendar(owner=owner, connected_at=at)
    is_other = (row.address, row.login) != (address, login)
    if is_other and not said.password:
        # The password that is set is for one server: typed with another address it would go to whoever is there.
        raise CalendarWrong("password", _("Type the password."))
    columns = {"address": address, "login": login, "is_written": said.is_written}
    changes = audit.difference(row, columns) if former else {"address": ("", address)}
    for name, value in columns.items():
        setattr(row, name, value)
    if said.password:
        row.secret = sealing.seal(said.password, purpose=_PURPOSE)
    if not row.secret:
        raise CalendarWrong("password", _("Type the password."))
    if is_other:
        row.path, row.name, row.found = "", "", []
    if former is None:
        row.is_active, row.connected_at, row.disconnected_at = True, at, None
    row.version, row.listed_on, row.turn_at = "", None, at
    row.read_trouble = row.write_trouble = row.read_words = row.write_words = ""
    row.read_retry_at = row.write_retry_at = None
    row.n_read_failures = row.n_write_failures = 0
    row.save()
    if is_other:
        _forget_what_was_read(row)
    audit.record(row, action="change" if former else "connect", by=by, at=at, changes=changes | ({"password": ("", "•")} if said.password else {}))
    return row


@transaction.atomic
def choose(calendar: OwnCalendar, *, path: str, by: By, at: datetime) -> OwnCalendar:
    """Of several calendars at the address, take this one. Raises NotYourCalendar, CalendarWrong."""
    _refuse_others(calendar.owner_id, by)
    row = OwnCalendar.objects.select_for_update().get(pk=calendar.pk)
    name = next((name for there, name in row.found if there == path), None)
    if name is None or not row.is_active:
        raise CalendarWrong("path", _("There is no calendar at this address."))
    if path != row.path:
        OwnCalendar.objects.filter(pk=row.pk).update(path=path, name=name, version="", listed_on=None, turn_at=at)
        _forget_what_was_read(row)
        audit.record(row, action="change", by=by, at=at, changes={"path": (row.path, path)})
        row.refresh_from_db()
    return row


@transaction.atomic
def disconnect(calendar: OwnCalendar, *, by: By, at: datetime) -> OwnCalendar:
    """Forget the password and what was read, and neither read nor write any more; the meetings that were written stay in it. Twice is once.

    Raises NotYourCalendar.
    """
    _refuse_others(calendar.owner_id, by)
    row = OwnCalendar.objects.select_for_update().get(pk=calendar.pk)
    if row.is_active:
        OwnCalendar.objects.filter(pk=row.pk).update(is_active=False, disconnected_at=at, secret="", version="", listed_on=None)
        row.busy_events.all().delete()
        audit.record(row, action="disconnect", by=by, at=at, changes={"is_active": (True, False)})
    row.refresh_from_db()
    return row


def failed(calendar: OwnCalendar, *, side: str, trouble: CalendarTrouble, at: datetime) -> None:
    """Write down that it cannot be read (`side` is “read”) or written (“write”), and leave it alone for a while."""
    n_failures = getattr(calendar, f"n_{side}_failures")
    retry_at = at + timedelta(minutes=_WAITS[min(n_failures, len(_WAITS) - 1)])
    _note(calendar, side, trouble=trouble.trouble.value, words=trouble.words, retry_at=retry_at, n=n_failures + 1)


def worked(calendar: OwnCalendar, *, side: str) -> None:
    """It goes, or goes again."""
    if getattr(calendar, f"{side}_trouble") or getattr(calendar, f"n_{side}_failures"):
        _note(calendar, side, trouble="", words="", retry_at=None, n=0)


def server_of(calendar: OwnCalendar) -> tuple[Server, str]:
    """Whom to ask, and the path that was typed. Raises CalendarTrouble."""
    try:
        password = sealing.opened(calendar.secret, purpose=_PURPOSE)
        origin, path = dav.parted(calendar.address)
    except SealBroken:
        raise CalendarTrouble(Trouble.SEALED, "") from None
    except AddressWrong:
        raise CalendarTrouble(Trouble.NO_CALENDAR, "") from None
    return Server(origin, login=calendar.login, password=password), path


def _forget_what_was_read(calendar: OwnCalendar) -> None:
    """Another calendar is read anew; what was written into the one before stays there."""
    calendar.busy_events.all().delete()
    calendar.entries.all().delete()


def _note(calendar: OwnCalendar, side: str, *, trouble: str, words: str, retry_at: datetime | None, n: int) -> None:
    said = {f"{side}_trouble": trouble, f"{side}_words": words, f"{side}_retry_at": retry_at, f"n_{side}_failures": n}
    # Of a calendar that has been changed meanwhile nothing is known.
    OwnCalendar.objects.filter(pk=calendar.pk, address=calendar.address, secret=calendar.secret, is_active=True).update(**said)
    for name, value in said.items():
        setattr(calendar, name, value)


def _refuse_wrong(address: str, login: str) -> None:
    try:
        origin, _path = dav.parted(address)
    except AddressWrong:
        raise CalendarWrong("address", _("This is no address of a calendar. It begins with https://.")) from None
    if not origin.is_private and not CALENDARS.names(origin.host):
        raise CalendarWrong("address", _("This is no address of a calendar. It begins with https://."))
    # A colon would end it early, and what is no letter begins another line.
    if not login or ":" in login or any(ord(one) < 32 or ord(one) == 127 for one in login) or len(login) > LONGEST_LOGIN:
        raise CalendarWrong("login", _("This holds characters that do not belong here."))


def _refuse_others(owner_id: int, by: By) -> None:
    if by.actor is not None and by.actor.pk != owner_id:
        raise NotYourCalendar
