"""Bad addresses: those from which letters came back. What comes back for good is written to no more; what comes back for now, again and again, neither."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.crm import emails
from tasuki.crm.emails import EmailInvalid

LONGEST_WORDS = 300
# A box that is full today may be emptied tomorrow; one that is full so many times in so many days is nobody's.
MOST_SOFT, SOFT_WITHIN = 5, timedelta(days=30)


class BadAddress(models.Model):
    """One address, by its key. `status` is that of RFC 3463, such as 5.1.1; a hard one never heals by waiting."""

    key = models.CharField(max_length=320, unique=True)
    is_hard = models.BooleanField(default=False)
    n_soft = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=12, blank=True)
    words = models.CharField(max_length=LONGEST_WORDS, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("bad address")
        verbose_name_plural = _("bad addresses")

    def __str__(self) -> str:
        return f"{self.key.rpartition('@')[2]} {self.status}"


@transaction.atomic
def mark(address: str, *, is_hard: bool, status: str, words: str, at: datetime) -> None:
    """A letter to the address came back. Soft ones of long ago count no more."""
    try:
        key = emails.normalise(address)[1]
    except EmailInvalid:
        return
    said = {"status": status[:12], "words": " ".join(words.split())[:LONGEST_WORDS], "last_at": at}
    row, _is_new = BadAddress.objects.select_for_update().get_or_create(key=key, defaults={**said, "first_at": at})
    n_soft = row.n_soft if at - row.last_at <= SOFT_WITHIN else 0
    BadAddress.objects.filter(pk=row.pk).update(is_hard=row.is_hard or is_hard, n_soft=n_soft + (not is_hard), **said)


def clear(address: str) -> None:
    """Somebody wrote from there: it is good."""
    try:
        BadAddress.objects.filter(key=emails.normalise(address)[1]).delete()
    except EmailInvalid:
        return


def is_bad(address: str) -> bool:
    return bool(among([address]))


def among(addresses: Iterable[str]) -> frozenset[str]:
    """Those of the addresses to which nobody writes; one query."""
    keys: dict[str, str] = {}
    for address in addresses:
        try:
            keys[emails.normalise(address)[1]] = address
        except EmailInvalid:
            continue
    bad = BadAddress.objects.filter(Q(is_hard=True) | Q(n_soft__gte=MOST_SOFT), key__in=list(keys))
    return frozenset(keys[key] for key in bad.values_list("key", flat=True))
