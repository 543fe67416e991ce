"""Qualification: the seven facts that inside sales learns of a lead, each open, known, or asked and not known. What is learned is a row; what
was known before stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.crm import barred, leads
from tasuki.crm.ledger import NotInProcess

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead
    from tasuki.engage.calls import Call

LONGEST = 500


class Fact(models.TextChoices):
    """What must be known, or asked, before sales takes a lead over, in the order in which a conversation finds it out."""

    SITUATION = "situation", _("Current situation")
    PROBLEM = "problem", _("Problem")
    SIZE = "size", _("Deal size")
    TIMING = "timing", _("Timing")
    BUDGET = "budget", _("Budget")
    DECISION_MAKER = "decision_maker", _("Decision maker")
    COMPETITORS = "competitors", _("Competitors")


class FactState(models.TextChoices):
    """How much is known. What the pass before knew is a hint until somebody confirms it."""

    OPEN = "open", _("open")
    KNOWN = "known", _("known")
    ASKED = "asked", _("asked, not known")
    BEFORE = "before", _("known in the pass before")


# With these a fact is settled: nobody has to ask again before the hand-off.
SETTLED = (FactState.KNOWN, FactState.ASKED)

# What a good question for it sounds like.
QUESTIONS: Mapping[str, object] = {
    Fact.SITUATION: _("How do they do it today, and since when?"),
    Fact.PROBLEM: _("What goes wrong, how often, and what does it cost?"),
    Fact.SIZE: _("How many people, seats or sites is it about?"),
    Fact.TIMING: _("When do they decide, and what happens if they do not?"),
    Fact.BUDGET: _("Is there money set aside, and whose is it?"),
    Fact.DECISION_MAKER: _("Who signs, and up to which amount?"),
    Fact.COMPETITORS: _("Whom else are they looking at? Staying as they are counts too."),
}

# The letters of BANT, and the fact that each grows from.
BANT: Mapping[str, Fact] = {"B": Fact.BUDGET, "A": Fact.DECISION_MAKER, "N": Fact.PROBLEM, "T": Fact.TIMING}
LETTER: Mapping[str, str] = {fact.value: letter for letter, fact in BANT.items()}


class WordsMissing(Refused):
    code = "words_missing"

    def __init__(self) -> None:
        super().__init__(_("Write what was said, or mark it as asked and not known."))


class WordsTooLong(Refused):
    code = "words_too_long"

    def __init__(self) -> None:
        super().__init__(_("Say it in at most %(n)s characters; the rest goes into a note.") % {"n": LONGEST})


class LearnedMeanwhile(Refused):
    code = "learned_meanwhile"
    status = 409

    def __init__(self, row: LearnedFact) -> None:
        said = {"who": row.learned_by or "Tasuki", "words": row.words or row.get_state_display()}
        super().__init__(_("%(who)s wrote “%(words)s” meanwhile. Save again to write yours over it.") % said)
        self.row = row


class LearnedFacts(models.QuerySet["LearnedFact"]):
    """Questions about what was learned."""

    def visible_to(self, user: User) -> LearnedFacts:
        """Whoever sees the lead sees what is known of it."""
        return self.filter(lead__in=leads.Lead.objects.visible_to(user))

    def as_they_stand(self) -> LearnedFacts:
        """Of each lead and fact the row that stands now."""
        return self.order_by("lead_id", "fact", "-pk").distinct("lead_id", "fact")


class LearnedFact(models.Model):
    """Something was learned of a lead, asked in vain, or taken back. The last row of a fact is what stands; `call` is the
    one in which it was said, `carried_from` the pass before."""

    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="learned_facts", db_index=False)
    fact = models.CharField(_("fact"), max_length=14, choices=Fact.choices)
    state = models.CharField(_("state"), max_length=6, choices=FactState.choices)
    words = models.CharField(_("words"), max_length=LONGEST, blank=True)
    learned_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    learned_at = models.DateTimeField()
    call = models.ForeignKey("engage.Call", models.SET_NULL, null=True, related_name="learned_facts", verbose_name=_("call"))
    carried_from = models.ForeignKey("crm.Lead", models.CASCADE, null=True, related_name="+")

    objects = LearnedFacts.as_manager()

    class Meta:
        verbose_name = _("fact of a lead")
        verbose_name_plural = _("facts of leads")
        indexes = [models.Index(fields=["lead", "fact", "-id"], name="fact_of_lead")]
        constraints = [
            models.CheckConstraint(condition=~Q(state__in=["known", "before"]) | ~Q(words=""), name="known_fact_has_words"),
            models.CheckConstraint(condition=~Q(state="open") | Q(words=""), name="open_fact_has_no_words"),
            models.CheckConstraint(
                condition=Q(state="before", carried_from__isnull=False) | (~Q(state="before") & Q(carried_from__isnull=True)), name="carried_is_before"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact}: {self.words or self.state}"


@dataclass(frozen=True)
class Standing:
    """One of the seven as it stands. `seen` is the row it was read from, 0 for none: what a form gives back."""

    fact: Fact
    row: LearnedFact | None = None

    @property
    def state(self) -> FactState:
        return FactState(self.row.state) if self.row else FactState.OPEN

    @property
    def words(self) -> str:
        return self.row.words if self.row else ""

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED

    @property
    def letter(self) -> str:
        """Its letter of BANT, "" for none."""
        return LETTER.get(self.fact, "")

    @property
    def question(self) -> object:
        return QUESTIONS[self.fact]

    @property
    def seen(self) -> int:
        return self.row.pk if self.row else 0


@dataclass(frozen=True)
class Facts:
    """The seven facts of one lead, in their order."""

    standings: tuple[Standing, ...]

    def __iter__(self) -> Iterator[Standing]:
        return iter(self.standings)

    def __getitem__(self, fact: str) -> Standing:
        return next(one for one in self.standings if one.fact == fact)

    @property
    def missing(self) -> list[Fact]:
        """Open, or only known in the pass before."""
        return [one.fact for one in self.standings if not one.is_settled]

    @property
    def n_known(self) -> int:
        return sum(one.state is FactState.KNOWN for one in self.standings)

    @property
    def n_asked(self) -> int:
        return sum(one.state is FactState.ASKED for one in self.standings)

    @property
    def completeness(self) -> float:
        """The share that is settled, from 0 to 1."""
        return (self.n_known + self.n_asked) / len(self.standings)

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def bant(self) -> dict[str, Standing]:
        """What the conversation gives to start with of each letter of BANT; the deal works them out."""
        return {letter: self[fact] for letter, fact in BANT.items()}

    @property
    def n_bant(self) -> int:
        return sum(one.state is FactState.KNOWN for one in self.bant.values())


def of(lead: Lead) -> Facts:
    """The seven facts as they stand: one query."""
    return of_many([lead.pk])[lead.pk]


def of_many(lead_ids: Iterable[int]) -> dict[int, Facts]:
    """The same for many leads, in one query."""
    ids = list(lead_ids)
    rows = {(row.lead_id, row.fact): row for row in LearnedFact.objects.filter(lead__in=ids).as_they_stand().select_related("learned_by", "call")}
    return {pk: Facts(tuple(Standing(fact, rows.get((pk, fact.value))) for fact in Fact)) for pk in ids}


@transaction.atomic
def learn(
    lead: Lead, *, fact: str, words: str = "", state: FactState = FactState.KNOWN, seen: int | None = None, call: Call | None = None, by: By, at: datetime
) -> Standing:
    """Write what is known of a fact now: known with words, asked and not known with or without, or open again. The same again writes nothing.

    `seen` is the row that the person looked at, `call` the one in which it was said.
    Raises WordsMissing, WordsTooLong, NotInProcess, ErasedPerson, and LearnedMeanwhile when another row stands.
    """
    words = " ".join(words.split())
    if state is FactState.KNOWN and not words:
        raise WordsMissing
    if len(words) > LONGEST:
        raise WordsTooLong
    lead = leads.locked(lead)
    if lead.stage_id is None:
        raise NotInProcess
    barred.refuse_erased(lead)
    words = "" if state is FactState.OPEN else words
    before = _standing(lead, Fact(fact))
    if (before.state, before.words) == (state, words):
        return before
    if before.row and seen is not None and seen != before.seen:
        raise LearnedMeanwhile(before.row)
    row = LearnedFact.objects.create(lead=lead, fact=fact, state=state, words=words, learned_by=by.actor, learned_at=at, call=call)
    told = (before.words or before.state.value, words or state.value)
    # The same words in another state: then the states are what changed.
    audit.record(lead, action="learn", by=by, at=at, changes={f"fact_{fact}": told if told[0] != told[1] else (before.state.value, state.value)})
    return Standing(Fact(fact), row)


def name_call(lead: Lead, *, call: Call, since: datetime) -> None:
    """What the caller wrote since then was said in this call, which they began by hand and tell of only now."""
    LearnedFact.objects.filter(lead=lead, learned_by=call.caller_id, learned_at__gte=since, call__isnull=True, carried_from__isnull=True).update(call=call)


@transaction.atomic
def carry_over(lead: Lead, *, previous: Lead) -> int:
    """What the pass before knew stands in the new one as a hint, to be confirmed; → how many facts. Doing it twice changes nothing."""
    return carry_all_over({previous.pk: lead})


@transaction.atomic
def carry_all_over(following: Mapping[int, Lead]) -> int:
    """Likewise of many leads, by the number of the pass before each; → how many facts. Three statements, however many leads."""
    there = set(LearnedFact.objects.filter(lead__in=list(following.values())).values_list("lead_id", "fact"))
    known = LearnedFact.objects.filter(lead__in=list(following)).as_they_stand()
    rows = [
        LearnedFact(
            lead=following[one.lead_id],
            fact=one.fact,
            state=FactState.BEFORE,
            words=one.words,
            learned_by_id=one.learned_by_id,
            learned_at=one.learned_at,
            call_id=one.call_id,
            carried_from_id=one.lead_id,
        )
        for one in known
        if one.state in (FactState.KNOWN, FactState.BEFORE) and (following[one.lead_id].pk, one.fact) not in there
    ]
    LearnedFact.objects.bulk_create(sorted(rows, key=lambda row: Fact.values.index(row.fact)))
    return len(rows)


def history(lead: Lead) -> LearnedFacts:
    """All that was learned, asked and taken back, newest first."""
    return LearnedFact.objects.filter(lead=lead).select_related("learned_by", "call").order_by("-pk")


def _standing(lead: Lead, fact: Fact) -> Standing:
    return Standing(fact, LearnedFact.objects.filter(lead=lead, fact=fact).select_related("learned_by").order_by("-pk").first())
