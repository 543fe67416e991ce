"""What becomes of scores when leads, or their people, become one, and when that is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasuki.core.audit import By, Door
from tasuki.crm import merging, records, unmerging
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import keeping
from tasuki.crm.scoring.happenings import Happening
from tasuki.crm.scoring.scores import FormerScore, LeadScore, ScoreDue
from tasuki.crm.timeline import Kind, TimelineEntry
from tests.cast import MONDAY, Cast
from tests.core.table_contents import contents
from tests.crm.scoring.desk import DAY, HOUR, did, in_force
from tests.web.office import lead_of

pytestmark = pytest.mark.django_db

LATER = MONDAY + 7 * DAY


def ruth(cast: Cast) -> By:
    return By(cast.ruth, Door.WEB)


def test_a_lead_that_is_merged_keeps_what_was_said_of_it_last_and_is_scored_again_when_that_is_undone(cast: Cast) -> None:
    stays, goes = lead_of(cast, 1), lead_of(cast, 2, name=("Roe", "Mia"))
    did(goes, Happening.MEETING, at=MONDAY + DAY)
    in_force(cast)
    in_force(cast, at=MONDAY + DAY, half_life_days=7)
    assert FormerScore.objects.count() == 2
    before = {name: sums for name, sums in contents().items() if name != "crm_merge"}
    said = LeadScore.objects.filter(lead=goes).values().get()
    merge = merging.merge(stays, others=[goes], by=ruth(cast), at=LATER)
    did(Lead.objects.get(pk=goes.pk), Happening.VISIT, at=LATER).delete()
    keeping.absorb(at=LATER)
    assert LeadScore.objects.filter(lead=goes).values().get() == said, "as of every pass that has left inside sales"
    unmerging.undo(merge, by=ruth(cast), at=LATER + HOUR)
    assert goes.pk in ScoreDue.objects.values_list("lead_id", flat=True)
    assert {name: sums for name, sums in contents().items() if name != "crm_merge"} == before


def test_what_the_person_did_under_another_name_counts_from_the_merge_on_and_no_longer_when_it_is_undone(cast: Cast) -> None:
    lead = lead_of(cast)
    assert lead.contact
    other = records.add_contact(records.Person("Han", "S. Y."), another="one more", by=By(cast.ivo, Door.WEB), at=MONDAY)
    TimelineEntry.objects.create(at=MONDAY + timedelta(hours=3), kind=Kind.MEETING, contact=other)
    in_force(cast)
    keeping.absorb(at=MONDAY)
    alone = LeadScore.objects.get(lead=lead).engagement
    merge = merging.merge(lead.contact, others=[other], by=By(cast.ada, Door.WEB), at=LATER)
    keeping.absorb(at=LATER)
    assert LeadScore.objects.get(lead=lead).engagement > alone
    unmerging.undo(merge, by=By(cast.ada, Door.WEB), at=LATER)
    keeping.absorb(at=LATER)
    assert LeadScore.objects.get(lead=lead).engagement == alone
