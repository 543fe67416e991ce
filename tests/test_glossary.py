"""The glossary defines every word in three languages, and the pages use those words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tasuki.crm.stages import Stage

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = ROOT / "docs" / "handbook" / "glossary.md"
LANGUAGES = ("ja", "ko")

# What people must be able to look up: the words of the trade, as the handbook and the pages say them, and those of the pages alone.
TRADE = """
The Model; Revenue model; Customer stage; Inflow / Outflow / Balance; Lead; Lead cycle; Lead source; Lead generation; Lead nurturing; Lead scoring;
MQL / Ready lead; SAL / SQL; Inside sales; SDR (inbound); BDR (outbound); Field sales / AE; Outbound sales; Customer success; Call list; Dial / Connect;
Connect rate; Conversation; Appointment, meeting booked; Show rate; Speed to lead; Disposition; Cadence / sequence; Lead brief; Talk-time limit;
Call review / scorecard; Objection handling; Lead routing / assignment; Round robin; Capacity; Territory; Hand-off; Acceptance / Return; SLA; Recycle;
Wake rule; Dormant lead; Disqualified; Opportunity (deal); More than lead, less than opportunity; Opportunity rate; Phase (stage); Exit criteria / gate;
Business problem recognised; Evaluation & selection; Final negotiation & decision; Challenge / Problem / Solution / Effect; Value hypothesis; BANT;
Distrust / No need / Unfit / No hurry; Selection criteria; Parity / Weakness / Differentiator / Defence; Competitor / Battlecard; Mutual close plan;
Approval request (ringi); Approve / Final decision / Joint / Circulate; Send back / Withdraw / Proxy; Pre-consultation; Authority table;
Stakeholder / Key person; Champion / Economic buyer; Next step; Expected close date; Won / Lost / No decision; Win rate; Lead time (cycle); Pipeline;
Forecast; Forecast category; Closed/Commit/Best case/Pipeline/Omitted; Yomi (confidence rank); Quota / Plan / Target; Coverage; Slippage / Push; Waterfall;
Snapshot; Manager adjustment / call; Forecast accuracy / Bias; Reverse planning; ICP; Target account / ABM / Account plan;
Onboarding / Adoption / Renewal / Churn; Upsell / Cross-sell; Retention rate / Churn rate; Health score; NPS
"""
PAGES = """
Relay; Leg; Stage; Pass; Passage; Ledger; Inflow; Outflow; Balance; Conversion; Period; Cohort; Maturity; n; Usual; Sash; Seam; Hand-off; Bottleneck;
Recycle; Segment; Source; Owner; Team; Role; Absence; Account; Contact; Corporate number; Timeline; Mention; Follow; Notification; View; Import; Mapping;
Custom field; Audit log
"""


def sections() -> dict[str, list[list[str]]]:
    """Heading → the rows of the table below it: English, Japanese, Korean, meaning."""
    found: dict[str, list[list[str]]] = {}
    for part in GLOSSARY.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, *lines = part.splitlines()
        found[heading] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")][1:]
    return found


def words(said: str) -> set[str]:
    return {" ".join(word.split()) for word in said.split(";")}


def catalogue(language: str) -> dict[str, str]:
    """Message → translation."""
    with (ROOT / "tasuki" / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return {message.id: str(message.string) for message in read_po(file, locale=language) if isinstance(message.id, str) and not message.context}


def plain(term: str) -> str:
    """Without what stands in brackets."""
    return re.sub(r"\s*\(.*\)", "", term)


def test_every_word_is_defined() -> None:
    there = sections()
    assert {row[0] for row in there["Words of the trade"]} == words(TRADE)
    assert {row[0] for row in there["Words of the pages"]} == words(PAGES)


@pytest.mark.parametrize("heading", ["Stages", "Words of the pages", "Words of the trade"])
def test_every_word_has_a_meaning_and_three_languages(heading: str) -> None:
    rows = sections()[heading]
    assert len({row[0] for row in rows}) == len(rows)
    for english, japanese, korean, meaning in rows:
        assert all((english, japanese, korean)), english
        assert len(meaning.split()) >= 3, english
        assert meaning.endswith("."), english
        # What is no word of its own in a language is a short name that all use: MQL, P1, n.
        assert japanese == english or re.search("[\u3040-\u30ff\u4e00-\u9fff]", japanese) or plain(japanese).isupper(), english
        assert korean == english or re.search("[\uac00-\ud7a3]", korean) or plain(korean).isupper(), english


@pytest.mark.django_db
def test_the_stages_of_the_product_are_called_as_the_glossary_calls_them() -> None:
    assert [tuple(row[:3]) for row in sections()["Stages"]] == list(Stage.objects.values_list("name_en", "name_ja", "name_ko"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_translate_a_word_as_the_glossary_does(language: str) -> None:
    translated = catalogue(language)
    at = 1 + LANGUAGES.index(language)
    said = {}
    for row in sections()["Words of the pages"]:
        message = next((form for form in (row[0], f"{row[0]}s", row[0].lower()) if form in translated), None)
        if message:
            said[row[0]] = (plain(row[at]), translated[message])
    assert len(said) > 20
    assert {english: pair for english, pair in said.items() if pair[0] != pair[1]} == {}
