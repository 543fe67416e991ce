"""The sweep: whatever is due of all members, one step in one transaction.

The row of a member and its lead are taken together, and passed by where somebody holds one of them: two workers never meet, nobody waits for
anybody, and what a killed worker had begun is as if it had not. What it passes by is due again at the next tick.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tasuki.engage.sequences import acting, leaving
from tasuki.engage.sequences.enrolments import Deed, Enrolment

# So many steps in one tick at most; the next one goes on.
MOST = 500


def sweep(*, at: datetime, most: int = MOST) -> int:
    """Do what is due, the longest due first. → how many members were dealt with."""
    n = 0
    while n < most and take_one(at=at):
        n += 1
    return n


@transaction.atomic
def take_one(*, at: datetime) -> bool:
    """One thing of the member that has been due longest; False when nothing is due that nobody holds."""
    rows = Enrolment.objects.filter(due_at__lte=at).order_by("due_at", "pk").select_for_update(skip_locked=True, no_key=True, of=("self", "lead"))
    enrolment = rows.select_related("lead").first()
    if enrolment is None:
        return False
    enrolment = leaving.with_everything(enrolment)
    if Deed.objects.to_do().filter(enrolment=enrolment).exists():
        # A person is at it: the clock has no say.
        Enrolment.objects.filter(pk=enrolment.pk).update(due_at=None)
        return True
    acting.come(enrolment, at=at)
    return True
