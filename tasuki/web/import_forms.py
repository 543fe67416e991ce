"""The form of one file: a row for each field with its column, what its values look like, and the questions; and what was answered."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tasuki.core.imports import proposing, questions, sets
from tasuki.core.imports.evidence import Evidence
from tasuki.core.imports.mapping import Column, Mapping
from tasuki.core.imports.nouns import ImportNoun, noun_named
from tasuki.core.imports.questions import Question
from tasuki.core.imports.runs import DuplicatePolicy
from tasuki.core.imports.sets import ImportFile
from tasuki.crm import lead_imports
from tasuki.crm.lead_imports import Promises

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
ENCODINGS = ("utf-8", "utf-16", "cp949", "cp932", "euc_jp", "cp1252", "iso8859_15", "cp1250", "cp1251", "mac_roman")
# Fields that name people, who may have left.
_PEOPLE = ("owner",)
_SAMPLES = 4
FIELDS: dict[str, _StrOrPromise] = {
    "tasuki_id": _("Number in Tasuki"),
    "reference": _("Reference"),
    "opened_at": _("Opened"),
    "closed_at": _("Closed"),
    "won_at": _("Won on"),
    "lost_at": _("Lost on"),
    "lost_because": _("Why it was lost"),
    "close_on": _("Expected close"),
    "source": _("Source"),
    "source_detail": _("Source in detail"),
    "segment": _("Segment"),
    "origin": _("Why it began"),
    "stage": _("Stage"),
    "outcome": _("Outcome"),
    "owner": _("Owner"),
    "team": _("Team"),
    "product": _("Product"),
    "account": _("Account"),
    "lead": _("Lead"),
    "full_name": _("Full name"),
    "family_name": _("Family name"),
    "given_name": _("Given name"),
    "title": _("Title"),
    "email": _("Mail address"),
    "phone": _("Telephone"),
    "other_email": _("Another mail address"),
    "other_phone": _("Another telephone number"),
    "name": _("Name"),
    "domain": _("Domain"),
    "industry": _("Industry"),
    "n_employees": _("Employees"),
    "country": _("Country"),
    "corporate_number": _("Corporate number"),
    "postal_address": _("Postal address"),
    "parent": _("Parent"),
    "code": _("Code"),
    "line": _("Product line"),
    "price": _("Price"),
    "kind": _("Kind"),
    "language": _("Language"),
    "words": _("What is said"),
    "strong": _("Where they are strong"),
    "weak": _("Where they are weak"),
    "position": _("Position"),
    "amount": _("Amount"),
    "currency": _("Currency"),
}
NOUNS: dict[str, _StrOrPromise] = {
    "leads": _("Leads"),
    "accounts": _("Accounts"),
    "contacts": _("Contacts"),
    "products": _("Products"),
    "product_points": _("What is said of products"),
    "opportunities": _("Opportunities"),
}


KNOWN_BY: dict[str, _StrOrPromise] = {
    "email": _("Mail address"),
    "phone": _("Telephone number"),
    "name": _("Name at the same company"),
}
UNCLEAR: list[tuple[str, _StrOrPromise]] = [("leave", _("leave it out, and say so")), ("create", _("make a new person"))]


@dataclass(frozen=True)
class FieldRow:
    """One field of the noun as the form shows it."""

    name: str
    label: _StrOrPromise
    is_required: bool
    column: str
    constant: str
    reason: _StrOrPromise
    sureness: int
    samples: list[str]
    warnings: list[_StrOrPromise]
    replaced: list[tuple[str, str]]
    written: str
    asks_people: bool
    creates_people: bool


def rows(file: ImportFile, seen: Evidence) -> list[FieldRow]:
    noun, mapping = noun_named(file.noun), sets.stored_mapping(file)
    reasons = {(one.field, one.column): one for one in proposing.propose(noun, seen)}
    made = []
    for name, field in noun.fields.items():
        column = mapping.columns.get(name, Column())
        stands = seen.columns.get(column.column)
        proposal = reasons.get((name, column.column))
        made.append(
            FieldRow(
                name=name,
                label=field.label or FIELDS.get(name, name),
                is_required=field.required,
                column=column.column,
                constant=column.constant or column.default,
                reason=proposal.reason if proposal else "",
                sureness=round(100 * proposal.confidence) if proposal else 0,
                samples=[value[:60] for value in list(stands.values)[:_SAMPLES]] if stands else [],
                warnings=questions.warnings(column, field, stands) if stands else [],
                replaced=[(raw, value or "–") for raw, value in column.values.items()][:60],
                written=column.format or column.country or column.currency or (column.decimal and f"1{column.decimal}5"),
                asks_people=name in _PEOPLE,
                creates_people=column.create_missing,
            )
        )
    return made


def nouns() -> list[tuple[str, _StrOrPromise]]:
    """What rows can be, each with its name."""
    return [(name, NOUNS.get(name, name)) for name in settings.IMPORTABLE_NOUNS]


def promises(noun: str, stored: dict[str, Any]) -> str:
    """What a stored mapping says of promises, in words; nothing where the rows are none that could be promised something."""
    return str(lead_imports.promises_of(stored).label) if noun == lead_imports.NOUN.name else ""


def shown(asked: list[Question], file: ImportFile) -> list[tuple[int, _StrOrPromise, Question]]:
    """The questions with their number and the name of their field."""
    own = {name: field.label for name, field in noun_named(file.noun).fields.items() if field.label}
    return [(at, own.get(question.field) or FIELDS.get(question.field, question.field), question) for at, question in enumerate(asked)]


def choices(file: ImportFile) -> dict[str, object]:
    """What the selects of the page offer."""
    noun = noun_named(file.noun)
    chosen = sets.stored_mapping(file).known_by
    return {
        "nouns": nouns(),
        # References and our own numbers of leads and contacts always count.
        "keys": [] if noun.known_by else [(name, FIELDS.get(name, name)) for name in noun.keys],
        "known_by": [(name, KNOWN_BY[name], name in (noun.usually_known_by if chosen is None else chosen)) for name in noun.known_by],
        "unclear": UNCLEAR,
        "policies": DuplicatePolicy.choices,
        "encodings": ENCODINGS,
        "delimiters": [("comma", _("comma")), ("semicolon", _("semicolon")), ("tab", _("tab")), ("bar", _("bar |"))],
        "stages": sorted(noun.options & {"stage"}),
        "promises": Promises.choices if "promises" in noun.options else [],
    }


def decided(said: Dictionary[str, str], file: ImportFile, seen: Evidence) -> Mapping:
    """The mapping that the form says: columns as chosen, what was settled for them before, and the answers that were given."""
    noun, before = noun_named(file.noun), sets.stored_mapping(file)
    columns: dict[str, Column] = {}
    for name in noun.fields:
        chosen = said.get(f"column-{name}", "")
        constant = said.get(f"constant-{name}", "").strip()[:200]
        old = before.columns.get(name, Column())
        if chosen in seen.columns:
            kept = old if old.column == chosen else sets.column_of(file.noun, name, chosen, seen=seen)
            columns[name] = replace(kept, constant="", default=constant, create_missing=f"people-{name}" in said)
        elif constant:
            columns[name] = Column(constant=constant)
    _forget(columns, said)
    columns = dict(_answered(replace(before, columns=columns), said).columns)
    key, policy = said.get("key", before.key), said.get("on_duplicate", "")
    return replace(
        before,
        noun=file.noun,
        columns=columns,
        key=key if key in noun.keys and key in columns else next((one for one in noun.keys if one in columns), ""),
        on_duplicate=policy if policy in DuplicatePolicy.values else before.on_duplicate,
        options=_options(said, noun, before),
        known_by=_known_by(said, noun, before),
        unclear=unclear if (unclear := said.get("unclear", "")) in dict(UNCLEAR) else before.unclear,
    )


def _options(said: Dictionary[str, str], noun: ImportNoun, before: Mapping) -> dict[str, object]:
    stage, promises = said.get("stage", "").strip()[:40], said.get("promises", "")
    options = {name: value for name, value in before.options.items() if name != "stage"} | ({"stage": stage} if stage else {})
    # Who agrees to what is usual changes nothing.
    is_new = "promises" in noun.options and promises in Promises.values and promises != options.get("promises", Promises.NONE)
    return options | ({"promises": promises} if is_new else {})


def _known_by(said: Dictionary[str, str], noun: ImportNoun, before: Mapping) -> tuple[str, ...] | None:
    """By what people are known; None, which is what is usual, stays it where nothing was ticked otherwise."""
    standing = noun.usually_known_by if before.known_by is None else before.known_by
    chosen = tuple(name for name in noun.known_by if f"known_by-{name}" in said)
    return before.known_by if "known_by" not in said or set(chosen) == set(standing) else chosen


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _forget(columns: dict[str, Column], said: Dictionary[str, str]) -> None:
    """Answers that somebody wants to give anew."""
    for name in [name for name in columns if f"again-{name}" in said]:
        columns[name] = replace(columns[name], values={}, format="", decimal="", country="", currency="", add=())


def _answered(mapping: Mapping, said: Dictionary[str, str]) -> Mapping:
    for at in range(number(said.get("n_questions", ""))):
        field, _sign, rest = said.get(f"about-{at}", "").partition(":")
        about, _sign, raw = rest.partition(":")
        if field in mapping.columns or (field, about) == ("currency", "currency"):
            mapping = questions.answered(mapping, Question(field, about, "", [], raw=raw), said.get(f"answer-{at}", ""))
    return mapping
