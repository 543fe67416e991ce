"""Blocks: numbers, mail addresses and domains that nobody reaches any more, whoever has them: at once, and in every import to come.

A block is kept by a keyed hash, so that the list tells nobody whom it protects; the settings may keep the number or address beside it,
else only its end, by which people recognise it. What was blocked and by whom is never taken away: a block is lifted.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.organisation import the_organisation
from tasuki.crm import emails, phones
from tasuki.crm.emails import EmailInvalid
from tasuki.crm.phones import PhoneInvalid

if TYPE_CHECKING:
    from tasuki.core.people import User

LONGEST_REASON = 200
_END = 4
# What a list is ordered by: as much as is kept of the number or address; nothing of whoever asked to be erased.
SHOWN = Case(
    When(is_erasure=True, then=Value(None)),
    When(~Q(value=""), then=F("value")),
    default=F("ends_with"),
    output_field=models.CharField(max_length=320, null=True),
)


class BlockKind(models.TextChoices):
    PHONE = "phone", _("number")
    MAIL = "mail", _("mail address")
    DOMAIN = "domain", _("mail domain")


class NothingToBlock(Refused):
    code = "nothing_to_block"

    def __init__(self, text: str) -> None:
        super().__init__(_("“%(text)s” is neither a number nor a mail address nor a domain.") % {"text": text[:80]})


class NotBlocked(Refused):
    code = "not_blocked"

    def __init__(self) -> None:
        super().__init__(_("This block is lifted already."))


class LiftReasonMissing(Refused):
    code = "lift_reason_missing"

    def __init__(self) -> None:
        super().__init__(_("Say why it may be reached again."))


class Blocks(models.QuerySet["Block"]):
    """Questions about blocks."""

    def visible_to(self, user: User) -> Blocks:
        """Whoever may see how people are reached."""
        return self if abilities.can(user, Ability.SEE_CONTACT_DETAILS) else self.none()

    def standing(self) -> Blocks:
        return self.filter(lifted_at__isnull=True)

    def for_listing(self) -> Blocks:
        return self.select_related("blocked_by", "lifted_by")

    def found(self, text: str) -> Blocks:
        """Those of a number, an address or a domain as somebody types it, which the hash knows whole, an address also by its domain; and
        those whose end, reason, or value where it is kept, holds the text."""
        held = (Q(**{f"{field}__icontains": text}) for field in ("ends_with", "value", "reason", "lifted_because"))
        return self.filter(Q(*held, digest__in=_digests_of(text), _connector=Q.OR))


class Block(models.Model):
    """One number, address or domain. `ends_with` is what its end looks like, `value` all of it where the settings keep that."""

    noun: ClassVar[str] = "block"

    kind = models.CharField(_("kind"), max_length=6, choices=BlockKind.choices)
    digest = models.CharField(max_length=64, editable=False)
    ends_with = models.CharField(_("ends with"), max_length=24)
    value = models.CharField(_("number or address"), max_length=320, blank=True)
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON, blank=True)
    blocked_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("blocked by"))
    blocked_at = models.DateTimeField(_("blocked"))
    lifted_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("lifted by"))
    lifted_at = models.DateTimeField(_("lifted"), null=True)
    # Whose it was asked to be erased: nothing of it is kept but the hash.
    is_erasure = models.BooleanField(_("asked to be erased"), default=False, db_default=False)
    lifted_because = models.CharField(_("lifted because"), max_length=LONGEST_REASON, blank=True)

    objects = Blocks.as_manager()

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        indexes = [
            models.Index(fields=["-blocked_at", "-id"], name="block_latest"),
            models.Index(SHOWN, "id", name="block_by_value"),
            models.Index(fields=["reason", "id"], name="block_by_reason", condition=~Q(reason="")),
            models.Index(fields=["lifted_because", "id"], name="block_by_reason_to_lift", condition=~Q(lifted_because="")),
        ]
        constraints = [models.UniqueConstraint(fields=["kind", "digest"], condition=Q(lifted_at__isnull=True), name="blocked_once")]

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        if self.is_erasure:
            return _("somebody who asked to be erased") + f" #{self.pk}"
        return self.value or f"…{self.ends_with}"


class BlockSecret(models.Model):
    """The key of the hashes: made once, when it is first needed. Without it the list could be read by trying all numbers."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    key = models.CharField(max_length=64)
    keeps_values = models.BooleanField(_("keep the number or address itself"), default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_block_secret")]

    def __str__(self) -> str:
        return "•"


def block(text: str, *, by: By, at: datetime, reason: str = "", country: str = "") -> Block:
    """Block a number, a mail address or a domain, as somebody types it; blocking it twice changes nothing. Raises NothingToBlock."""
    kind, value = read(text, country=country)
    return block_known(value, kind=kind, reason=reason, by=by, at=at)


@transaction.atomic
def block_known(value: str, *, kind: BlockKind, by: By, at: datetime, reason: str = "") -> Block:
    """Likewise what is known already: a number in E.164, or the key of an address. It is not read again: what stands with a person is theirs."""
    digest = digest_of(kind, value)
    there = Block.objects.standing().filter(kind=kind, digest=digest).first()
    if there:
        return there
    end = value[-_END:] if kind is BlockKind.PHONE else value[-24:] if kind is BlockKind.DOMAIN else value.rpartition("@")[2][-24:]
    kept = value if _secret().keeps_values else ""
    row, is_new = Block.objects.get_or_create(
        kind=kind,
        digest=digest,
        lifted_at=None,
        defaults={"ends_with": end, "value": kept, "reason": reason.strip()[:LONGEST_REASON], "blocked_by": by.actor, "blocked_at": at},
    )
    if is_new:
        audit.record(row, action="block", by=by, at=at, changes={"ends_with": ("", end)})
    return row


@transaction.atomic
def block_erased(value: str, *, kind: BlockKind, by: By, at: datetime) -> Block:
    """Likewise for somebody who is erased: only the hash is kept, also of a block that stands, and nobody writes the value down again."""
    row, _is_new = Block.objects.get_or_create(
        kind=kind, digest=digest_of(kind, value), lifted_at=None, defaults={"ends_with": "", "blocked_by": by.actor, "blocked_at": at}
    )
    Block.objects.filter(kind=kind, digest=row.digest).update(ends_with="", value="", reason="")
    Block.objects.filter(pk=row.pk).update(is_erasure=True)
    audit.record(row, action="block", by=by, at=at, changes={"is_erasure": (False, True)})
    row.refresh_from_db()
    return row


def erased_among(numbers: Collection[str], addresses: Collection[str]) -> frozenset[str]:
    """Those of the numbers (E.164) and addresses (keys) whose owner asked to be erased; no hash is made where nobody did."""
    if not Block.objects.standing().filter(is_erasure=True).exists():
        return frozenset()
    key = _key()
    asked = {digest_of(BlockKind.PHONE, one, key=key): one for one in numbers} | {digest_of(BlockKind.MAIL, one, key=key): one for one in addresses}
    found = Block.objects.standing().filter(is_erasure=True, digest__in=list(asked)).values_list("digest", flat=True)
    return frozenset(asked[digest] for digest in found)


@transaction.atomic
def unblock(row: Block, *, reason: str, by: By, at: datetime) -> Block:
    """Lift a block. Only who edits the process may, and says why. Raises Forbidden, LiftReasonMissing, NotBlocked."""
    if by.actor is not None:
        abilities.require(by.actor, Ability.EDIT_PROCESS)
    if not reason.strip():
        raise LiftReasonMissing
    row = Block.objects.select_for_update(of=("self",)).get(pk=row.pk)
    if row.lifted_at is not None:
        raise NotBlocked
    Block.objects.filter(pk=row.pk).update(lifted_by=by.actor, lifted_at=at, lifted_because=reason.strip()[:LONGEST_REASON])
    audit.record(row, action="unblock", by=by, at=at, changes={"lifted_because": ("", reason.strip()[:LONGEST_REASON])})
    row.refresh_from_db()
    return row


@transaction.atomic
def keep_values(*, keeps: bool, by: By, at: datetime) -> None:
    """Whether what is blocked from now on is kept in full; when not any more, what was kept is forgotten."""
    secret = _secret()
    if secret.keeps_values != keeps:
        BlockSecret.objects.filter(pk=1).update(keeps_values=keeps)
        audit.record(secret, action="change", by=by, at=at, changes={"keeps_values": (not keeps, keeps)})
    if not keeps:
        Block.objects.exclude(value="").update(value="")


def keeps_values() -> bool:
    return _secret().keeps_values


def among(*, numbers: list[str] | None = None, addresses: list[str] | None = None) -> frozenset[str]:
    """Those of the numbers (E.164) and addresses (keys) that are blocked, an address also by its domain; two queries."""
    asked, key = dict[str, list[str]](), _key() if numbers or addresses else ""
    for number in numbers or ():
        asked.setdefault(digest_of(BlockKind.PHONE, number, key=key), []).append(number)
    for address in addresses or ():
        asked.setdefault(digest_of(BlockKind.MAIL, address, key=key), []).append(address)
        for domain in _domains(address):
            asked.setdefault(digest_of(BlockKind.DOMAIN, domain, key=key), []).append(address)
    if not asked:
        return frozenset()
    found = Block.objects.standing().filter(digest__in=list(asked)).values_list("digest", flat=True)
    return frozenset(value for digest in found for value in asked[digest])


def _digests_of(text: str) -> list[str]:
    """The hashes of all that would keep what somebody means from being reached; none where they mean nothing that can be blocked."""
    try:
        kind, value = read(text)
    except NothingToBlock:
        return []
    key = _key()
    over = _domains(value if kind is BlockKind.MAIL else f"@{value}") if kind is not BlockKind.PHONE else []
    return [digest_of(kind, value, key=key), *(digest_of(BlockKind.DOMAIN, one, key=key) for one in over)]


def is_blocked(*, number: str = "", address: str = "") -> bool:
    return bool(among(numbers=[number] if number else [], addresses=[address] if address else []))


def read(text: str, *, country: str = "") -> tuple[BlockKind, str]:
    """What somebody means: (kind, the value as it is compared). Raises NothingToBlock."""
    plain = text.strip()
    if "@" in plain.lstrip("@"):
        try:
            return BlockKind.MAIL, emails.normalise(plain)[1]
        except EmailInvalid:
            raise NothingToBlock(text) from None
    try:
        return BlockKind.PHONE, phones.to_e164(plain, country or the_organisation().country)
    except PhoneInvalid:
        pass
    try:
        return BlockKind.DOMAIN, emails.normalise(f"x@{plain.lstrip('@')}")[1].partition("@")[2]
    except EmailInvalid:
        raise NothingToBlock(text) from None


def digest_of(kind: BlockKind, value: str, *, key: str = "") -> str:
    return hmac.new((key or _key()).encode(), f"{kind.value}:{value}".encode(), hashlib.sha256).hexdigest()


def _domains(address: str) -> list[str]:
    """The domain and those above it, but for the last part: mail.gaon.example, gaon.example."""
    parts = address.rpartition("@")[2].split(".")
    return [".".join(parts[n:]) for n in range(max(len(parts) - 1, 1))]


def _secret() -> BlockSecret:
    return BlockSecret.objects.get_or_create(pk=1, defaults={"key": secrets.token_hex(32)})[0]


def _key() -> str:
    return _secret().key
