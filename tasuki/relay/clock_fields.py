"""What the lists of leads can be asked about the clocks that run for them."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core.filters.fields import Among, Field, Kind
from tasuki.relay.agreements import Owed

# A clock that stands still has no moment at which it is due, but an answer is owed.
ANSWER_DUE = Field(
    "clock",
    _("answer due"),
    Kind.MOMENT,
    "due_at",
    through="clocks",
    # That somebody is to read something, a lead does not wait for.
    among=Among(Q(stopped_at__isnull=True) & ~Q(owed=Owed.READING), lambda clock: clock.stopped_at is None and clock.owed != Owed.READING),
    is_there=True,
)
