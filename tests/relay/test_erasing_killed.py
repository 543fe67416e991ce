"""The worker that erases people is killed again and again: nobody is half erased at any moment, everybody is in the end, and nothing is done twice."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count

from tasuki.core.audit import AuditEntry
from tasuki.crm import attachments, leads, notes, records, stages, tasks
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival
from tasuki.crm.tasks import Task
from tasuki.engage.blocks import Block
from tasuki.relay.personal_data import erasures
from tasuki.relay.personal_data.erasure_rows import Erasure, ErasureState
from tests.cast import MONDAY, SET_UP, Cast, assemble
from tests.killing import kill_again_and_again

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# Of those that are killed, each comes to two people at most; a busy machine gets further before the kill comes.
N_KILLS, N_PEOPLE, MARK = 20, 80, "zq7x"
# Somewhat more than one erasure asks.
STATEMENTS = 260

HALF = """
SELECT count(*) FROM relay_erasure erasure JOIN crm_contact contact ON contact.id = erasure.contact_id
 WHERE (erasure.state = 'done') <> (contact.erased_at IS NOT NULL)
    OR (erasure.state = 'done') = (
           contact.family_name LIKE %(mark)s
           OR EXISTS (SELECT FROM crm_contactemail email WHERE email.contact_id = contact.id)
           OR EXISTS (SELECT FROM crm_timelineentry entry WHERE entry.contact_id = contact.id AND entry.text LIKE %(mark)s)
           OR EXISTS (SELECT FROM crm_task task WHERE task.contact_id = contact.id AND task.subject LIKE %(mark)s)
           OR EXISTS (SELECT FROM crm_file file WHERE file.contact_id = contact.id))
    OR (erasure.state = 'done') <> EXISTS (
           SELECT FROM core_auditentry entry WHERE entry.noun = 'contact' AND entry.record_id = contact.id AND entry.action = 'erase')
"""


@pytest.fixture
def town(transactional_db: None) -> Cast:
    return assemble()


def somebody(town: Cast, nth: int) -> None:
    """A person with a lead, a note, a task and a file, whose erasure is confirmed."""
    person = records.Person(f"{MARK}{nth}", "Ada", email=f"{MARK}{nth}@marked.example", phone=f"+822555{nth:04}")
    contact = records.add_contact(person, another="one more", by=SET_UP, at=MONDAY)
    lead = leads.capture(Arrival(team=town.inside_sales, owner=town.ivo, contact=contact), by=SET_UP, at=MONDAY, stage=stages.CONNECTED)
    notes.write(f"{MARK}{nth} said so", lead=lead, by=SET_UP, at=MONDAY)
    tasks.add(Task(subject=f"{MARK}{nth}", owner=town.ivo, lead=lead, contact=contact), by=SET_UP, at=MONDAY)
    attachments.attach(ContentFile(MARK.encode()), name=f"{MARK}{nth}.txt", n_bytes=4, contact=contact, by=SET_UP, at=MONDAY)
    Erasure.objects.create(
        contact=contact, ground="asked", words=f"{MARK}{nth}", state=ErasureState.CONFIRMED, asked_at=MONDAY, confirmed_by=town.ada, confirmed_at=MONDAY
    )


def nobody_is_half_erased() -> None:
    with connection.cursor() as cursor:
        # In one look: the server may still be taking in what the dead worker said last.
        cursor.execute(HALF, {"mark": f"{MARK}%"})
        assert cursor.fetchone() == (0,)


def test_nobody_is_half_erased_and_everybody_once_however_often_the_worker_is_killed(town: Cast) -> None:
    for nth in range(N_PEOPLE):
        somebody(town, nth)
    bytes_of = list(File.objects.values_list("stored_as", flat=True))
    nobody_is_half_erased()

    def erase_the_next() -> bool:
        erasure = Erasure.objects.filter(state=ErasureState.CONFIRMED).order_by("?").first()
        if erasure:
            erasures.carry_out(erasure.pk, at=MONDAY)
        return erasure is not None

    n_in_the_middle = kill_again_and_again(erase_the_next, within=STATEMENTS, seed=11, seen=nobody_is_half_erased, n=N_KILLS, moments=0.02)
    assert n_in_the_middle > N_KILLS / 2, "most were killed before they did anything: this proves too little"
    while erasures.resume(at=MONDAY):
        pass
    assert Erasure.objects.filter(state=ErasureState.DONE, stored=[]).count() == N_PEOPLE
    assert len(bytes_of) == N_PEOPLE
    assert not any(default_storage.exists(one) for one in bytes_of)
    erased = AuditEntry.objects.filter(action="erase").values("noun", "record_id").annotate(n=Count("pk"))
    assert {(one["noun"], one["n"]) for one in erased} == {("contact", 1), ("lead", 1)}
    assert erased.count() == 2 * N_PEOPLE
    assert Block.objects.count() == 2 * N_PEOPLE, "an address and a number of each, each once"
    nobody_is_half_erased()
