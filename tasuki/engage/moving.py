"""Moving a pass on because of what happened with its person: a call, a meeting."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tasuki.core.audit import By
from tasuki.crm import leads, stages
from tasuki.crm.requirements import FieldsMissing

if TYPE_CHECKING:
    from tasuki.crm.leads import Lead


def move(lead: Lead, *, to: str, by: By, at: datetime) -> str:
    """Move the pass on if it stands before that stage and before sales; → why it could not, or nothing.

    What happened is never refused because a field is missing: the lead stays where it is, and whoever wrote it is told.
    """
    here = leads.locked(lead).stage_id
    if here not in stages.BEFORE_SALES or stages.ORDER.index(to) <= stages.ORDER.index(here):
        return ""
    try:
        leads.advance(lead, to=to, by=by, at=at)
    except FieldsMissing as refusal:
        return str(refusal)
    return ""
