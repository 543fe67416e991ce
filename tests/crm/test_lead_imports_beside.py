"""Two chunks of an import of leads are written beside each other: the rows become what they would one after the other, and whatever falls, all up
to one of them is in and none behind it. About 2 s a test: each commits."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections

from tasuki.core import teams
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.imports import mapping, parsing, running, stopping, writing
from tasuki.core.imports.nouns import Chunk
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.core.imports.taking_back import StillRunning
from tasuki.core.teams import Department
from tasuki.crm import lead_imports, leads, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tests.core.test_custom_fields import made
from tests.crm.test_lead_imports import AT, BY, counts

pytestmark = pytest.mark.django_db(transaction=True)

MAPPING = """
noun: leads
options: {stage: ready}
columns:
  reference: id
  opened_at: day
  source: source
  origin: origin
  full_name: name
  email: mail
  phone: phone
  account: company
  owner: {column: owner, create_missing: true}
"""
HEADER = "id,day,source,origin,name,mail,company,owner,phone\n"
CHUNK = 3
# How long one chunk waits for the other to be as far as the test wants it: it never takes a hundredth of that.
PATIENCE = 20


def line(reference: str, *, name: str = "", mail: str = "", company: str = "", origin: str = "inbound", owner: str = "", phone: str = "") -> str:
    return f"{reference},2025-01-15,web,{origin},{name or f'Person {reference}'},{mail},{company},{owner},{phone}\n"


def started(lines: list[str], *, said: str = MAPPING) -> ImportRun:
    return running.start(io.BytesIO((HEADER + "".join(lines)).encode()), name="leads.csv", mapping=mapping.read(said), by=BY, at=AT)


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", CHUNK)
    monkeypatch.setattr(running, "_tell_the_planner", lambda _run: None)  # a second for each run, and nothing to tell


@pytest.fixture
def house() -> None:
    """A house with a team: the first chunk of an empty one makes it, and the second waits for that."""
    teams.add("Marketing", department=Department.MARKETING, by=BY, at=AT)


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each chunk is written only when the next one is decided about, or waits for it: so none finds the rows of the one before in the database.

    → the first rows of the chunks that waited for the one before.
    """
    decided: dict[tuple[int, int], Event] = defaultdict(Event)
    waited: list[int] = []
    write = lead_imports.write

    def slow(chunk: Chunk) -> None:
        first, run = chunk.lines[0].row_no, chunk.run.pk

        def read_on() -> None:
            decided[run, first].set()
            chunk.read_on()
            if first + CHUNK <= chunk.run.n_rows + 1:
                assert decided[run, first + CHUNK].wait(PATIENCE), "The next chunk was to be decided about meanwhile."

        def catch_up() -> None:
            if not decided[run, first].is_set():
                waited.append(first)
                decided[run, first].set()
            chunk.catch_up()

        write(replace(chunk, read_on=read_on, catch_up=catch_up))

    monkeypatch.setattr(lead_imports, "NOUN", replace(lead_imports.NOUN, write=slow))
    return waited


def what_became_of(run: ImportRun) -> list[tuple[Any, ...]]:
    """Of each row: its state, what was said, and the lead as one can read it."""
    found = []
    for row in ImportRow.objects.filter(run=run).order_by("row_no"):
        lead = Lead.objects.select_related("contact", "account", "owner").filter(pk=row.target_id).first()
        seen = lead and (lead.reference, lead.title, lead.seq_no, lead.contact and lead.contact.emails.count(), lead.account and lead.account.name, lead.owner)
        found.append((row.row_no, row.state, row.messages, seen))
    return found


TANGLED = [
    line("L1", mail="ara@gaon.example", company="Gaon Securities"),
    line("L2", company="Norwick"),
    line("L3", mail="seo@gaon.example", company="Gaon Securities"),
    # the second chunk names what the first makes: a key, two people, an account in another spelling
    line("L1", name="The same key"),
    line("L4", name="The same person", mail="ARA@gaon.example", company="Norwick"),
    line("L5", mail="han@norwick.example", company="NORWICK"),
    # the third names what the second makes and the first made, and a person of its own twice
    line("L6", mail="han@norwick.example", company="Else"),
    line("L7", mail="new@else.example", company="Gaon Securities"),
    line("L5", name="The same key again"),
    # the fourth makes a person of ours, for which the fifth waits
    line("L8", owner="Old Seller"),
    line("L9", company="Else"),
    line("L10", company="Norwick", mail="one@norwick.example"),
    line("L11", owner="Old Seller"),
    line("L12", company="Else", mail="two@norwick.example"),
]


def test_rows_become_the_same_as_one_chunk_after_the_other(together: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    at_first = counts()
    beside = running.run(started(TANGLED), at=AT)
    became, made = what_became_of(beside), counts()
    assert (beside.state, beside.n_created, beside.n_skipped, beside.n_rejected) == ("done", 10, 2, 2)
    # Only what the first row made of the house itself, its team, and the seller are not handed on.
    assert together == [5, 14]
    running.undo(beside, by=BY, at=AT)
    assert counts() == at_first

    monkeypatch.setattr(lead_imports, "NOUN", replace(lead_imports.NOUN, write=lead_imports.write, minds_what_is_ahead=False))
    alone = running.run(started(TANGLED), at=AT)
    assert [_without_ids(row) for row in what_became_of(alone)] == [_without_ids(row) for row in became]
    assert counts() == made


def test_a_choice_that_one_chunk_adds_is_there_for_the_next_and_made_once(house: None, together: list[int]) -> None:
    tier = made(FieldKind.CHOICE, "Tier", noun=FieldNoun.LEAD)
    said = f"{MAPPING}  {tier.key}: {{column: source, values: {{web: Iron}}, add: [Iron]}}\n"
    running.run(started([line(f"L{n}", mail=f"p{n}@firm.example") for n in range(9)], said=said), at=AT)
    tier = CustomField.objects.get(pk=tier.pk)
    (iron,) = [choice.key for choice in tier.choices() if choice.label == "Iron"]
    assert [lead.custom for lead in Lead.objects.all()] == [{tier.slot: iron}] * 9
    assert together == [5], "only the chunk behind the one that made it waited"


def test_an_account_in_a_custom_field_is_found_in_the_chunk_before(house: None, together: list[int]) -> None:
    partner = made(FieldKind.ACCOUNT, "Partner", noun=FieldNoun.LEAD)
    said = f"{MAPPING}  {partner.key}: owner\n".replace("  owner: {column: owner, create_missing: true}\n", "")
    rows = [line("L0", company="Gaon"), line("L1"), line("L2"), line("L3", owner="Gaon"), line("L4"), line("L5"), line("L6", owner="Gaon")]
    running.run(started(rows, said=said), at=AT)
    gaon = Account.objects.get()
    assert {lead.reference: lead.custom for lead in Lead.objects.exclude(custom={})} == {name: {partner.slot: gaon.pk} for name in ("L3", "L6")}
    assert together == [2, 5, 8], "each chunk asks the database, so each waits"


@pytest.mark.parametrize("policy", ["skip", "update", "create"])
def test_files_at_random_become_the_same_as_one_chunk_after_the_other(
    house: None, together: list[int], monkeypatch: pytest.MonkeyPatch, *, policy: str
) -> None:
    """Few keys, addresses and companies for many rows, so that nearly each row meets one in the chunk before."""
    dice = Random(policy)
    rules = f"on_duplicate: {policy}\nknown_by: [email, phone, name]\nunclear: {'create' if policy == 'update' else 'leave'}\noptions:"
    said = MAPPING.replace("options:", rules).replace("  owner", "  segment: source\n  owner")
    for _nth in range(4):
        rows = [
            line(
                f"R{dice.randrange(16)}",
                mail=dice.choice(["", *(f"p{n}@firm.example" for n in range(14))]),
                company=dice.choice(["", *(f"{spelling} {n}" for n in range(6) for spelling in ("Firm", "FIRM"))]),
                origin=dice.choice(["inbound", "hand_raise"]),
                owner=dice.choice(["", "", "", "Old Seller"]),
                name=dice.choice(["", "Mia Roe", "Ara Min"]),
                phone=dice.choice(["", "", *(f"+8221234567{n}" for n in range(6))]),
            )
            for _row in range(24)
        ]
        became = []
        for is_beside in (True, False):
            with monkeypatch.context() as patched:
                if not is_beside:
                    patched.setattr(lead_imports, "NOUN", replace(lead_imports.NOUN, write=lead_imports.write, minds_what_is_ahead=False))
                run = running.run(started(rows, said=said), at=AT)
            became.append(([_without_ids(row) for row in what_became_of(run)], counts()))
            running.undo(run, by=BY, at=AT)
        assert became[0] == became[1]


def _without_ids(row: tuple[Any, ...]) -> tuple[Any, ...]:
    *_same, seen = row
    return (*row[:3], (*seen[:-1], str(seen[-1])) if seen else None)


def test_an_update_and_who_raised_their_hand_go_beside_the_chunk_before(house: None, together: list[int]) -> None:
    people = [line(f"P{n}", mail=f"p{n}@firm.example") for n in range(5)]
    running.run(started(people), at=AT)
    leads.disqualify(Lead.objects.get(reference="P4"), reason="no budget", by=BY, at=AT)
    del together[:]
    said = MAPPING.replace("options:", "on_duplicate: update\noptions:").replace("  owner", "  segment: {constant: banks}\n  owner")
    again = started(
        [
            *people[:2],
            line("H1", mail="p4@firm.example", origin="hand_raise"),
            people[0],  # the same key earlier in the file
            people[2],
            line("H2", mail="p4@firm.example"),  # was disqualified, raised their hand a chunk before, and has an open lead again
            people[3],
        ],
        said=said,
    )
    done = running.run(again, at=AT)
    assert (done.n_updated, done.n_created, done.n_skipped, done.n_rejected) == (4, 1, 1, 1)
    assert together == [5], "who was disqualified is asked for again behind the chunk before"
    assert "open lead" in str(ImportRow.objects.get(run=done, state="rejected").messages)
    assert set(Lead.objects.filter(reference__in=["P0", "P1", "P2", "P3"]).values_list("segment", flat=True)) == {"banks"}
    assert Lead.objects.get(reference="H1").seq_no == 2


def test_a_chunk_that_fails_behind_one_that_is_written_takes_it_along(house: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third chunk has written all it can when the second fails."""
    third_is_written = Event()

    def fail_in_the_second(chunk: Chunk) -> None:
        lead_imports.write(chunk)
        if chunk.lines[0].row_no == 2 + 2 * CHUNK:
            third_is_written.set()
        if chunk.lines[0].row_no == 2 + CHUNK:
            assert third_is_written.wait(PATIENCE)
            raise IntegrityError("somebody was faster")

    run = started([line(f"L{n}") for n in range(4 * CHUNK)])
    with monkeypatch.context() as patched:
        patched.setattr(lead_imports, "NOUN", replace(lead_imports.NOUN, write=fail_in_the_second))
        with pytest.raises(IntegrityError, match="somebody was faster"):
            running.run(run, at=AT)
    assert_up_to(run, CHUNK)
    assert running.run(run, at=AT).state == "done"
    assert_up_to(run, 4 * CHUNK)


def test_a_chunk_that_fails_leaves_those_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_in_the_third(chunk: Chunk) -> None:
        if chunk.lines[0].row_no == 2 + 2 * CHUNK:
            raise IntegrityError("somebody was faster")
        lead_imports.write(chunk)

    run = started([line(f"L{n}") for n in range(4 * CHUNK)])
    monkeypatch.setattr(lead_imports, "NOUN", replace(lead_imports.NOUN, write=fail_in_the_third))
    with pytest.raises(IntegrityError, match="somebody was faster"):
        running.run(run, at=AT)
    assert_up_to(run, 2 * CHUNK)


def assert_up_to(run: ImportRun, n: int) -> None:
    """All rows up to this one are in, each once, and none behind it."""
    run.refresh_from_db()
    assert (run.n_applied, run.n_created) == (n, n)
    assert list(ImportRow.objects.filter(run=run).order_by("row_no").values_list("row_no", flat=True)) == list(range(2, n + 2))
    assert Lead.objects.count() == Contact.objects.count() == Passage.objects.filter(left_at=None).count() == n


DIE = """
import os, signal, sys, threading
import django
django.setup()
from django.utils import timezone
from tasuki.core.imports import parsing, running, writing
from tasuki.core.imports.runs import ImportRun
parsing.CHUNK, count, second_is_written = 3, writing._count, threading.Event()
def dying(run, lines):
    if lines[0].row_no == 2:
        assert second_is_written.wait(20)
    if lines[0].row_no == 2 + parsing.CHUNK:
        os.kill(os.getpid(), signal.SIGKILL)
    count(run, lines)
def noted(run, lines, note=writing._note_rows):
    note(run, lines)
    if lines[0].row_no == 2 + parsing.CHUNK:
        second_is_written.set()
writing._count, writing._note_rows = dying, noted
running.run(ImportRun.objects.get(pk=int(sys.argv[1])), at=timezone.now())
"""


def test_killed_between_two_commits_it_goes_on_behind_the_first(house: None) -> None:
    """The second chunk is in the tables, all but its commit, when the first is committed and the process is killed."""
    run = started([line(f"L{n}", company=f"Firm {n // CHUNK}") for n in range(3 * CHUNK)])
    said = connection.settings_dict
    url = f"postgresql://{said['USER']}:{said['PASSWORD']}@{said['HOST']}:{said['PORT']}/{said['NAME']}"
    died = subprocess.run([sys.executable, "-c", DIE, str(run.pk)], env={**os.environ, "DATABASE_URL": url}, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert_up_to(run, CHUNK)
    assert running.run(run, at=AT).state == "done"
    assert_up_to(run, 3 * CHUNK)
    assert Account.objects.count() == 3


@pytest.fixture
def aside() -> Iterator[Callable[..., Any]]:
    """Asks on another connection."""
    other = connections.create_connection("default")

    def ask(statement: str, *parameters: Any) -> Any:
        with other.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone()

    yield ask
    other.close()


def test_what_a_killed_one_still_writes_is_waited_for(aside: Callable[..., Any]) -> None:
    """A process that was killed lets go of its run at once, while its chunk may still be on its way to the disk."""
    run = started([line(f"L{n}") for n in range(2 * CHUNK)])
    aside("SELECT pg_advisory_lock_shared(%s, %s)", writing.WRITING, run.pk)
    going_on = Thread(target=lambda: (running.run(ImportRun.objects.get(pk=run.pk), at=AT), connections.close_all()))
    going_on.start()
    going_on.join(0.5)
    assert going_on.is_alive()
    run.refresh_from_db()
    assert (run.state, run.n_applied) == ("waiting", 0)
    aside("SELECT pg_advisory_unlock_shared(%s, %s)", writing.WRITING, run.pk)
    going_on.join(PATIENCE)
    assert_up_to(run, 2 * CHUNK)
    aside("SELECT pg_advisory_lock_shared(%s, %s)", writing.WRITING, run.pk)
    with pytest.raises(StillRunning):
        running.undo(run, by=BY, at=AT)


def test_two_imports_at_once_take_turns_and_make_nobody_twice() -> None:
    """Each goes on between the chunks of the other, and the people and companies that both name are made once."""
    order: list[int] = []
    lines = [[line(f"{file}{n}", mail=f"p{n}@{file}.example", company=f"Firm {n}") for n in range(8 * CHUNK)] for file in "AB"]
    runs = [started(each) for each in lines]

    def go(run: ImportRun) -> None:
        running.run(run, at=AT, progress=lambda now: order.append(now.pk))
        connections.close_all()

    threads = [Thread(target=go, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    for run in runs:
        run.refresh_from_db()
        assert (run.state, run.n_created, run.n_rejected) == ("done", 8 * CHUNK, 0)
    assert len(order) == 16
    assert order not in ([runs[0].pk] * 8 + [runs[1].pk] * 8, [runs[1].pk] * 8 + [runs[0].pk] * 8), "They were to take turns."
    assert sorted(Account.objects.values_list("name", flat=True)) == sorted(f"Firm {n}" for n in range(8 * CHUNK))
    assert Lead.objects.filter(stage_id=stages.READY).count() == 16 * CHUNK


def test_whoever_stops_looking_on_leaves_no_thread_and_nothing_half_done() -> None:
    def fall(_run: ImportRun) -> None:
        raise KeyboardInterrupt

    run = started([line(f"L{n}") for n in range(4 * CHUNK)])
    with pytest.raises(KeyboardInterrupt):
        running.run(run, at=AT, progress=fall)
    run.refresh_from_db()
    assert run.n_applied in (CHUNK, 2 * CHUNK)
    assert_up_to(run, run.n_applied)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("import")]
    assert running.run(run, at=AT).state == "done"
    assert_up_to(run, 4 * CHUNK)


def test_whoever_stops_it_finds_all_up_to_a_chunk_and_it_goes_on_behind_that() -> None:
    seen: list[int] = []

    def stop(now: ImportRun) -> None:
        # The second chunk may be there already when the first is told of.
        seen.append(now.n_applied)
        stopping.stop(now, by=BY, at=AT)

    run = running.run(started([line(f"L{n}") for n in range(5 * CHUNK)]), at=AT, progress=stop)
    assert run.state == "stopped"
    assert seen in ([CHUNK], [2 * CHUNK])
    # The chunk beside the one that was written may have been on its way.
    assert run.n_applied in (seen[0], seen[0] + CHUNK)
    assert_up_to(run, run.n_applied)
    stopping.go_on(run, by=BY, at=AT)
    assert running.run(run, at=AT).state == "done"
    assert_up_to(run, 5 * CHUNK)
