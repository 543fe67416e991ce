"""What can be done to many leads at once in reaching them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy

from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.bulk.verbs import BulkVerb, Said
from tasuki.core.errors import Gone
from tasuki.crm.bulk_verbs import all_leads
from tasuki.crm.leads import Lead
from tasuki.engage.sequences import definitions, enrolling, leaving
from tasuki.engage.sequences.enrolments import Enrolment


def _enrol(leads: Sequence[Lead], said: Said, *, by: By, at: datetime) -> Mapping[int, str]:
    sequence = definitions.Sequence.objects.filter(pk=said["sequence"]).first()
    if sequence is None:
        raise Gone
    told = enrolling.enrol_all([lead.pk for lead in leads], into=sequence, by=by, at=at)
    return {pk: str(enrolling.NotEnrolled(reason)) for pk, reason in told.refused.items()}


def _take_out(lead: Lead, said: Said, *, by: By, at: datetime) -> None:
    """Whoever is in it still; what was done for them stays done."""
    member = Enrolment.objects.running().filter(lead=lead, sequence=said["sequence"]).first()
    if member is None:
        raise leaving.NotRunning
    leaving.stop(member, by=by, at=at)


ENROL_LEADS = BulkVerb("lead", "enrol", gettext_lazy("Enrol in a sequence"), "list-check", Ability.WORK_LEADS, all_leads, None, _take_out, _enrol)
