"""The seven facts: what is learned is a row, what was known before stays, and a pass that comes round begins with hints."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasuki.core.audit import AuditEntry, By, Door
from tasuki.crm import leads, stages
from tasuki.crm.ledger import NotInProcess
from tasuki.inside_sales import qualification
from tasuki.inside_sales.qualification import Fact, FactState, LearnedFact, LearnedMeanwhile, WordsMissing, WordsTooLong
from tests.cast import MONDAY, Cast
from tests.web.office import lead_of

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(days=1)


def ivo(cast: Cast) -> By:
    return By(cast.ivo, Door.WEB)


def test_all_seven_are_open_at_first(cast: Cast) -> None:
    facts = qualification.of(lead_of(cast))
    assert facts.missing == list(Fact)
    assert (facts.completeness, facts.is_complete, facts.n_bant) == (0, False, 0)


def test_what_was_said_is_known_with_who_and_when_and_stands_in_the_trail(cast: Cast) -> None:
    lead = lead_of(cast)
    known = qualification.learn(lead, fact=Fact.BUDGET, words="  400 million,\n from the risk team ", by=ivo(cast), at=LATER)
    assert (known.state, known.words) == (FactState.KNOWN, "400 million, from the risk team")
    row = qualification.of(lead)["budget"].row
    assert row
    assert (row.learned_by, row.learned_at) == (cast.ivo, LATER)
    entry = AuditEntry.objects.of(lead).filter(action="learn").get()
    assert entry.changes == {"fact_budget": ["open", "400 million, from the risk team"]}


def test_asked_in_vain_settles_a_fact_and_is_no_seed_of_bant(cast: Cast) -> None:
    lead = lead_of(cast)
    qualification.learn(lead, fact=Fact.BUDGET, state=FactState.ASKED, words="they plan in May", by=ivo(cast), at=LATER)
    qualification.learn(lead, fact=Fact.DECISION_MAKER, words="the head of trading", by=ivo(cast), at=LATER)
    facts = qualification.of(lead)
    assert (facts.n_known, facts.n_asked, facts.completeness) == (1, 1, 2 / 7)
    assert {letter: one.state.value for letter, one in facts.bant.items()} == {"B": "asked", "A": "known", "N": "open", "T": "open"}
    assert facts.n_bant == 1


def test_what_was_known_before_stays_as_history(cast: Cast) -> None:
    lead = lead_of(cast)
    for words in ("in May", "in July"):
        qualification.learn(lead, fact=Fact.TIMING, words=words, by=ivo(cast), at=LATER)
    qualification.learn(lead, fact=Fact.TIMING, state=FactState.OPEN, by=ivo(cast), at=LATER)
    assert [(row.state, row.words) for row in qualification.history(lead)] == [("open", ""), ("known", "in July"), ("known", "in May")]
    assert Fact.TIMING in qualification.of(lead).missing


def test_the_same_again_writes_nothing(cast: Cast) -> None:
    lead = lead_of(cast)
    for _again in range(2):
        qualification.learn(lead, fact=Fact.SIZE, words="64 seats", by=ivo(cast), at=LATER)
    qualification.learn(lead, fact=Fact.PROBLEM, state=FactState.OPEN, by=ivo(cast), at=LATER)
    assert LearnedFact.objects.count() == 1


def test_known_without_words_is_refused_and_so_is_a_novel(cast: Cast) -> None:
    lead = lead_of(cast)
    with pytest.raises(WordsMissing):
        qualification.learn(lead, fact=Fact.SIZE, words=" \n ", by=ivo(cast), at=LATER)
    with pytest.raises(WordsTooLong):
        qualification.learn(lead, fact=Fact.SIZE, words="x" * 501, by=ivo(cast), at=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        LearnedFact.objects.create(lead=lead, fact="size", state="known", words="", learned_at=LATER)


def test_of_a_pass_that_ended_nothing_is_learned(cast: Cast) -> None:
    lead = lead_of(cast)
    leads.disqualify(lead, reason="student", by=ivo(cast), at=LATER)
    with pytest.raises(NotInProcess):
        qualification.learn(lead, fact=Fact.SIZE, words="one", by=ivo(cast), at=LATER)


def test_whoever_was_slower_is_told_what_the_other_wrote(cast: Cast) -> None:
    lead = lead_of(cast)
    qualification.learn(lead, fact=Fact.SIZE, words="64 seats", seen=0, by=ivo(cast), at=LATER)
    with pytest.raises(LearnedMeanwhile, match="64 seats") as refused:
        qualification.learn(lead, fact=Fact.SIZE, words="46 seats", seen=0, by=By(cast.ruth, Door.WEB), at=LATER)
    qualification.learn(lead, fact=Fact.SIZE, words="46 seats", seen=refused.value.row.pk, by=By(cast.ruth, Door.WEB), at=LATER)
    assert qualification.of(lead)["size"].words == "46 seats"


def test_a_pass_that_wakes_begins_with_what_the_one_before_knew_to_be_confirmed(cast: Cast) -> None:
    lead = lead_of(cast)
    qualification.learn(lead, fact=Fact.SIZE, words="64 seats", by=ivo(cast), at=LATER)
    qualification.learn(lead, fact=Fact.BUDGET, state=FactState.ASKED, by=ivo(cast), at=LATER)
    leads.recycle(lead, reason="next year", wake_when="the new budget", by=ivo(cast), at=LATER)
    following = leads.wake(lead, by=ivo(cast), at=LATER + timedelta(days=90))
    facts = qualification.of(following)
    assert (facts["size"].state, facts["size"].words) == (FactState.BEFORE, "64 seats")
    assert facts["budget"].state is FactState.OPEN, "that somebody did not know then says nothing of now"
    assert facts.missing == list(Fact), "a hint is not known until somebody confirms it"
    qualification.learn(following, fact=Fact.SIZE, words="64 seats", by=ivo(cast), at=LATER + timedelta(days=91))
    assert qualification.of(following)["size"].state is FactState.KNOWN
    assert qualification.carry_over(following, previous=lead) == 0, "doing it twice changes nothing"


def test_the_facts_of_many_leads_cost_one_query(cast: Cast) -> None:
    ids = [lead_of(cast, nth).pk for nth in range(1, 6)]
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert set(qualification.of_many(ids)) == set(ids)
    assert len(asked) == 1


@settings(max_examples=30, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.sampled_from(list(Fact)), st.sampled_from([FactState.OPEN, FactState.KNOWN, FactState.ASKED]), st.sampled_from(["", "a", "b"])),
        max_size=12,
    )
)
def test_the_last_word_stands_and_every_word_is_kept(cast: Cast, said: list[tuple[Fact, FactState, str]]) -> None:
    try:
        with transaction.atomic():
            _say(cast, said)
            raise _Back
    except _Back:
        pass


class _Back(Exception):
    pass


def _say(cast: Cast, said: list[tuple[Fact, FactState, str]]) -> None:
    lead, stands, n_rows = lead_of(cast, 77, stage=stages.CONNECTED), dict.fromkeys(Fact, (FactState.OPEN, "")), 0
    for fact, state, words in said:
        meant = (state, "" if state is FactState.OPEN else words)
        if state is FactState.KNOWN and not words:
            continue
        qualification.learn(lead, fact=fact, state=state, words=words, by=By(cast.ivo, Door.WEB), at=LATER)
        n_rows += stands[fact] != meant
        stands[fact] = meant
    facts = qualification.of(lead)
    assert {one.fact: (one.state, one.words) for one in facts} == stands
    assert len(facts.missing) + facts.n_known + facts.n_asked == 7
    assert qualification.history(lead).count() == n_rows
