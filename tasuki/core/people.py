"""People: the users of one organisation. They are hired, invited, changed, and one day they leave; they are never deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit, names, roles, time_zones
from tasuki.core.audit import By
from tasuki.core.errors import Refused

# How long a link is good for with which a password is set: one that a colleague gives, and one that anybody may ask for at the way in.
INVITATION_LASTS = timedelta(days=7)
FORGOTTEN_LASTS = timedelta(hours=1)
_INVITATION = "tasuki.core.people.invitation"

# What `change` may write: never the password, and never who may sign in.
CHANGEABLE = ("email", "family_name", "given_name", "title", "language", "time_zone", "team")


class AddressTaken(Refused):
    code = "address_taken"

    def __init__(self) -> None:
        super().__init__(_("Somebody with this e-mail address is here already."))


class PersonRefused(Refused):
    """A field is wrong; `fields` says which, for a form to show it in its place."""

    code = "person_refused"

    def __init__(self, error: ValidationError) -> None:
        super().__init__(" ".join(error.messages))
        self.fields: dict[str, list[str]] = error.message_dict if hasattr(error, "error_dict") else {}


class HasLeft(Refused):
    code = "has_left"

    def __init__(self) -> None:
        super().__init__(_("This person has left."))


class InvitationOver(Refused):
    code = "invitation_over"

    def __init__(self) -> None:
        super().__init__(_("This link has been used or has expired. Ask for a new one."))


class PasswordTooWeak(Refused):
    code = "password_too_weak"

    def __init__(self, error: ValidationError) -> None:
        super().__init__(" ".join(error.messages))


def check_time_zone(value: str) -> None:
    """Raise ValidationError unless `value` is an IANA time zone of this machine."""
    if value not in time_zones.names():
        raise ValidationError(_("“%(value)s” is not a time zone."), params={"value": value})


class Users(models.QuerySet["User"]):
    """Questions about people."""

    def visible_to(self, user: User) -> Users:
        """Colleagues see each other; a person without any role sees nobody."""
        return self if abilities.standing_of(user).scope("user") is abilities.Scope.ALL else self.none()

    def active(self) -> Users:
        return self.filter(is_active=True)

    def for_listing(self) -> Users:
        # In the order by whose first a list of people is ordered.
        return self.select_related("team").prefetch_related(models.Prefetch("role_grants", abilities.RoleGrant.objects.order_by("role")))


class UserManager(BaseUserManager["User"]):
    """Django asks for this much; people are hired by the verb `hire`."""

    def get_queryset(self) -> Users:
        return Users(self.model, using=self._db)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def visible_to(self, user: User) -> Users:
        return self.get_queryset().visible_to(user)

    def active(self) -> Users:
        return self.get_queryset().active()

    def for_listing(self) -> Users:
        return self.get_queryset().for_listing()


class User(AbstractBaseUser):
    """A person who signs in, or who once worked here and is named in history (then inactive, without an address)."""

    noun: ClassVar[str] = "user"

    email = models.EmailField(_("e-mail address"), unique=True, null=True, blank=True)
    family_name = models.CharField(_("family name"), max_length=120)
    given_name = models.CharField(_("given name"), max_length=120, blank=True)
    title = models.CharField(_("job title"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[check_time_zone])
    team = models.ForeignKey("core.Team", models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("team"))
    reference = models.CharField(_("reference"), max_length=120, blank=True, help_text=_("The person's id in the system their history came from."))
    is_active = models.BooleanField(_("may sign in"), default=True)
    hired_at = models.DateTimeField(_("joined"))

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["family_name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.UniqueConstraint(fields=["reference"], condition=~models.Q(reference=""), name="user_reference_once"),
            models.CheckConstraint(condition=models.Q(is_active=False) | models.Q(email__isnull=False), name="active_user_has_email"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """Family name first for Korean, Japanese and Chinese names."""
        return names.display(self.family_name, self.given_name)

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude=exclude)
        if self.email:
            self.email = self.email.strip().lower()


def locked(user: User) -> User:
    """The person as they are now, held until the end of the transaction."""
    return User.objects.get_queryset().select_for_update(of=("self",)).select_related("team").get(pk=user.pk)


@transaction.atomic
def hire(
    email: str,
    *,
    family_name: str,
    by: By,
    at: datetime,
    given_name: str = "",
    language: str = "en",
    time_zone: str = "UTC",
    team: Any = None,
    title: str = "",
) -> User:
    """Add a person, without a password (see `invite`) and without a role (see `roles.grant`). Raises AddressTaken, PersonRefused."""
    user = User(
        email=email, family_name=family_name.strip(), given_name=given_name.strip(), language=language, time_zone=time_zone, team=team, title=title, hired_at=at
    )
    user.set_unusable_password()
    _check(user)
    User.objects.bulk_create([user])
    told = {field: ("", getattr(user, field)) for field in CHANGEABLE if getattr(user, field)}
    audit.record(user, action="hire", by=by, at=at, changes=told)
    return user


@transaction.atomic
def change(user: User, *, by: By, at: datetime, **fields: Any) -> User:
    """Write the `CHANGEABLE` fields given. Raises AddressTaken, PersonRefused; TypeError for any other field."""
    if unknown := set(fields) - set(CHANGEABLE):
        raise TypeError(f"people.change does not write {', '.join(sorted(unknown))}")
    user = locked(user)
    before = {field: getattr(user, field) for field in fields}
    for field, value in fields.items():
        setattr(user, field, value)
    _check(user)
    changes = {field: (value, getattr(user, field)) for field, value in before.items() if value != getattr(user, field)}
    if changes:
        User.objects.filter(pk=user.pk).update(**{field: after for field, (_before, after) in changes.items()})
        audit.record(user, action="change", by=by, at=at, changes=changes)
    return user


@transaction.atomic
def leave(user: User, *, by: By, at: datetime) -> User:
    """Close the door behind a person: no sign-in, every session ended, roles taken back. Leaving twice changes nothing.

    What they carried is handed over by `tasuki.relay.departures.depart`, which calls this. Raises LastAdministrator.
    """
    user = locked(user)
    if not user.is_active:
        return user
    for grant in user.role_grants.all():
        roles.revoke(user, role=abilities.Role(grant.role), by=by, at=at)
    # A session holds a hash of the password: without one, every session of this person is over.
    user.set_unusable_password()
    user.is_active = False
    User.objects.filter(pk=user.pk).update(is_active=False, password=user.password)
    audit.record(user, action="leave", by=by, at=at, changes={"is_active": (True, False)})
    return user


@transaction.atomic
def invite(user: User, *, by: By, at: datetime) -> str:
    """A token with which the person sets a password, good for seven days and for one use. Raises HasLeft."""
    user = locked(user)
    if not user.is_active:
        raise HasLeft
    audit.record(user, action="invite", by=by, at=at)
    return password_token(user, until=at + INVITATION_LASTS)


@transaction.atomic
def forget_password(user: User, *, by: By, at: datetime) -> None:
    """Write down that the person was mailed a link for a new password, because somebody asked for one at the way in. Raises HasLeft."""
    if not locked(user).is_active:
        raise HasLeft
    audit.record(user, action="forget_password", by=by, at=at)


def password_token(user: User, *, until: datetime) -> str:
    """With it the person sets a password, once, until that moment. Void when they leave, sign in, or set another password before."""
    return signing.dumps({"user": user.pk, "until": int(until.timestamp()), "key": _key(user)}, salt=_INVITATION)


def with_address(email: str) -> User | None:
    """The person who signs in with this address."""
    return User.objects.active().filter(email__iexact=email.strip()).first()


def still_here(user_id: int) -> User | None:
    """The person of this id, unless they have left since: for jobs."""
    return User.objects.active().filter(pk=user_id).first()


def invited(token: str, *, at: datetime) -> User:
    """The person whom a token invites. Raises InvitationOver for one that is forged, used, or too old."""
    try:
        claim = signing.loads(token, salt=_INVITATION)
    except signing.BadSignature:
        raise InvitationOver from None
    user = User.objects.active().filter(pk=claim["user"]).first()
    if user is None or at.timestamp() > claim["until"] or not constant_time_compare(claim["key"], _key(user)):
        raise InvitationOver
    return user


@transaction.atomic
def accept_invitation(token: str, *, password: str, door: audit.Door, at: datetime) -> User:
    """Set the first password, or a new one after it was forgotten. Raises InvitationOver, PasswordTooWeak."""
    user = locked(invited(token, at=at))
    # Two tabs may hold the same token: only the one that got the lock first still has the right key.
    if not constant_time_compare(signing.loads(token, salt=_INVITATION)["key"], _key(user)):
        raise InvitationOver
    set_password(user, password=password, by=By(user, door), at=at)
    return user


@transaction.atomic
def set_password(user: User, *, password: str, by: By, at: datetime) -> None:
    """Set a password; the audit trail keeps that it happened and nothing of what it was. Raises PasswordTooWeak."""
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        raise PasswordTooWeak(error) from error
    user.set_password(password)
    User.objects.filter(pk=user.pk).update(password=user.password)
    audit.record(user, action="set_password", by=by, at=at)


def _key(user: User) -> str:
    """Changes with the password and the last sign-in, so that a token works once; and with the address to which it was mailed."""
    return salted_hmac(_INVITATION, f"{user.pk}|{user.email}|{user.password}|{user.last_login}").hexdigest()


def _check(user: User) -> None:
    if user.email is not None:
        user.email = user.email.strip().lower()
    if user.email and User.objects.filter(email__iexact=user.email).exclude(pk=user.pk).exists():
        raise AddressTaken
    if user.is_active and not user.email:
        raise PersonRefused(ValidationError({"email": _("A person who signs in needs an e-mail address.")}))
    try:
        user.clean_fields(exclude=["password", "last_login"])
    except ValidationError as error:
        raise PersonRefused(error) from error
