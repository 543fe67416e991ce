"""Why sales gives a hand-off back: a tree of reasons, each with where the lead usually goes from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    """The leaves of the tree. A meeting that did not take place is no reason: it is an outcome of its own."""

    NO_PROBLEM = "no_problem", _("no business problem was reached")
    NO_WINDOW = "no_window", _("no time by which they decide")
    NO_AUTHORITY = "no_authority", _("no way to whoever decides")
    PERSONAL = "personal", _("personal interest only")
    NO_BUDGET = "no_budget", _("no budget in this period")
    CANNOT_SERVE = "cannot_serve", _("we cannot serve the need")
    WRONG_COMPANY = "wrong_company", _("wrong company for us")
    DUPLICATE = "duplicate", _("somebody works on it already")


class Destination(models.TextChoices):
    """Where a lead goes that was given back. Working means a new pass: the ledger is never turned back."""

    RECYCLE = "recycle", _("recycle: it wakes by its rule")
    WORKING = "working", _("back to inside sales, at once")
    DISQUALIFY = "disqualify", _("disqualify")


@dataclass(frozen=True)
class Branch:
    """A branch of the tree. `is_unqualified`: sender and receiver talk about it (R19)."""

    label: Any
    reasons: tuple[Reason, ...]
    is_unqualified: bool
    destination: Destination


TREE = (
    Branch(_("Not qualified"), (Reason.NO_PROBLEM, Reason.NO_WINDOW, Reason.NO_AUTHORITY, Reason.PERSONAL), True, Destination.WORKING),
    Branch(_("Not now"), (Reason.NO_BUDGET, Reason.CANNOT_SERVE), False, Destination.RECYCLE),
    Branch(_("Not ours"), (Reason.WRONG_COMPANY, Reason.DUPLICATE), False, Destination.DISQUALIFY),
)

# The reason of the tree of exits that says the same of a lead which is recycled; without one there, or archived there, ours stands alone.
IN_THE_TREE = {
    Reason.NO_PROBLEM: "no_problem",
    Reason.NO_WINDOW: "too_early",
    Reason.PERSONAL: "private_interest",
    Reason.NO_BUDGET: "no_budget",
    Reason.CANNOT_SERVE: "product_limitation",
}

# Written by the clock and not by a person: what ended an acceptance that nothing followed (R22).
NO_NEXT_STEP = "no_next_step"

# What the ledger keeps as a reason, in words: for timelines and chains.
IN_WORDS: dict[str, Any] = {**dict(Reason.choices), NO_NEXT_STEP: _("no next step after acceptance")}


def branch_of(reason: str) -> Branch:
    return next(branch for branch in TREE if reason in branch.reasons)


def grouped_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The tree as a form offers it."""
    return [(str(branch.label), [(reason.value, str(reason.label)) for reason in branch.reasons]) for branch in TREE]
