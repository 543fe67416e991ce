"""Proposing a mapping: from the names of the columns and from what stands in them, with a reason in words for each. A person decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tasuki.core.imports import fields, own_exports, synonyms, templates
from tasuki.core.imports.evidence import Evidence, Seen
from tasuki.core.imports.nouns import ImportNoun, noun_named

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

_LEAST = 0.45
# What the values of a field look like, where they look like anything.
_KINDS = {
    "email": "mail",
    "phone": "phone",
    "other_email": "mail",
    "other_phone": "phone",
    "domain": "domain",
    "country": "country",
    "corporate_number": "corporate number",
    "opened_at": "date",
    "closed_at": "date",
    "won_at": "date",
    "lost_at": "date",
    "close_on": "date",
    "amount": "number",
    "price": "number",
    "n_employees": "number",
}
# Fields that values alone can give away: nothing else looks like them.
_TELLING = {"email", "phone", "corporate_number", "domain"}
_IN_WORDS: dict[str, _StrOrPromise] = {
    "mail": _("mail addresses"),
    "phone": _("telephone numbers"),
    "domain": _("addresses of websites"),
    "country": _("countries"),
    "corporate number": _("corporate numbers"),
    "date": _("dates"),
    "number": _("numbers"),
}


@dataclass(frozen=True)
class Proposal:
    """A column for a field, how sure that is (0 to 1), and why."""

    field: str
    column: str
    confidence: float
    reason: _StrOrPromise


def noun_of(header: list[str], file_name: str = "") -> str:
    """Which noun the rows are, by a known export, by the words of the header, and by the name of the file."""
    if own := own_exports.noun_of(header):
        return own
    known = templates.known(header)
    if known:
        return known.noun
    names = {synonyms.squeezed(name) for name in header}
    words = synonyms.squeezed(file_name.rpartition(".")[0])
    points = {noun: _noun_points(noun_named(noun), names, words) for noun in settings.IMPORTABLE_NOUNS}
    return max(points, key=lambda noun: points[noun])


def _noun_points(noun: ImportNoun, names: set[str], file_words: str) -> float:
    own = sum(max((weight for word, weight in synonyms.of_field(noun.name, field).items() if word in names), default=0) for field in noun.fields)
    named = 3.0 if any(word in file_words for word in _NOUN_WORDS[noun.name]) else 0.0
    telling = 2.0 * sum(any(word in name for name in names) for word in _NOUN_WORDS[noun.name])
    missing = sum(1 for name, field in noun.fields.items() if field.required and not synonyms.of_field(noun.name, name).keys() & names)
    is_of_others = any(
        word in name for other, own_words in _NOUN_WORDS.items() if other in ("leads", "opportunities", "products") for word in own_words for name in names
    )
    is_of_people = not is_of_others and any(synonyms.of_field("contacts", field).keys() & names for field in ("email", "full_name", "family_name", "title"))
    people = {"contacts": 3.0, "accounts": -2.0}.get(noun.name, 0.0) if is_of_people else 0.0
    return own / len(noun.fields) * 4 + named + telling + people - 3 * missing


_NOUN_WORDS = {
    "leads": ("lead", "mql", "inquir", "리드", "문의", "リード", "問い合わせ", "見込み客"),
    "accounts": ("account", "compan", "거래처", "고객사", "회사", "取引先", "会社", "企業"),
    "contacts": ("contact", "person", "people", "vcard", "연락처", "담당자", "連絡先", "担当者", "名刺"),
    "products": ("product", "sku", "제품", "상품", "품목", "製品", "商品"),
    "product_points": ("talkingpoint", "battlecard", "whattosay", "productpoint", "말할내용", "세일즈토크", "話す内容", "トーク"),
    "opportunities": ("opportunit", "deal", "potential", "pipeline", "영업기회", "딜", "商談", "案件"),
}


def propose(noun: ImportNoun, evidence: Evidence) -> list[Proposal]:
    """For each field at most one column. A known export is taken at its word; else the surest pairs first, no column for two fields."""
    if own_exports.noun_of(evidence.header) == noun.name:
        return _of_our_own(noun, evidence)
    if evidence.read_as.kind == "vcard" and noun.name == "contacts":
        return _of_cards(noun, evidence)
    proposals: list[Proposal] = []
    known = templates.known(evidence.header)
    by_name = {synonyms.folded(name): name for name in evidence.header}
    if known and known.noun == noun.name:
        reason = _("as in exports of %(program)s") % {"program": known.program}
        proposals = [Proposal(name, by_name[column], 0.95, reason) for name, said in known.columns.items() if (column := synonyms.folded(said)) in by_name]
    kinds = {name: seen.kind() for name, seen in evidence.columns.items()}
    # A column may stand for two fields only where a known export says so.
    pairs = sorted(
        (
            pair
            for name in noun.fields
            for column in evidence.header
            if (pair := _judged(noun, name, column=column, seen=evidence.columns[column], kind=kinds[column]))
        ),
        key=lambda pair: (-pair.confidence, evidence.header.index(pair.column)),
    )
    taken, filled = {one.column for one in proposals}, {one.field for one in proposals}
    for pair in pairs:
        if pair.column not in taken and pair.field not in filled:
            proposals.append(pair)
            taken.add(pair.column)
            filled.add(pair.field)
    proposals += _outcome(noun, proposals, evidence)
    proposals = _main_ways_first(_without_double_names(proposals))
    return sorted(proposals, key=lambda one: list(noun.fields).index(one.field))


def _of_our_own(noun: ImportNoun, evidence: Evidence) -> list[Proposal]:
    """What an export of ours fills: its own columns, and the custom fields by their names."""
    reason, found = _("as in our own exports"), own_exports.columns_of(noun.name, evidence.header)
    proposals = [Proposal(field, column, 1.0, reason) for field, column in found.items() if field in noun.fields]
    taken = set(found.values())
    for name, field in noun.fields.items():
        column = next((column for column in evidence.header if column not in taken and synonyms.squeezed(column) in field.called), "")
        if not column or (isinstance(field.parse, fields.ReadsMoney) and not own_exports.currency_behind(column, evidence)):
            continue
        proposals.append(Proposal(name, column, 1.0, reason))
        taken.add(column)
    return proposals


def _of_cards(noun: ImportNoun, evidence: Evidence) -> list[Proposal]:
    """The columns of cards are ours, and say what they hold: of few cards an odd number or two would speak against the name."""
    filled = [name for name in noun.fields if name in evidence.columns and evidence.columns[name].n_filled]
    return _without_double_names([Proposal(name, name, 1.0, _("as in an address book")) for name in filled])


def _judged(noun: ImportNoun, name: str, *, column: str, seen: Seen, kind: str) -> Proposal | None:
    """How well a column suits a field. Values that look like something else speak against a name; a name alone is not certain."""
    if called := noun.fields[name].called:
        return _judged_custom(name, column, called=called, agrees=kind == noun.fields[name].looks != "")
    words = synonyms.of_field(noun.name, name)
    said = synonyms.squeezed(column)
    by_name = words.get(said, 0.0)
    if not by_name and (not said.endswith("id") or name == "reference"):
        by_name = max((0.55 * weight for word, weight in words.items() if len(word) > 3 and word in said), default=0.0)
    wanted = _KINDS.get(name, "")
    if wanted and kind == wanted:
        looks = _("the values are %(kind)s") % {"kind": _IN_WORDS[kind]}
        if by_name:
            return Proposal(name, column, min(1.0, by_name + 0.1), _("the name, and %(looks)s") % {"looks": looks})
        return Proposal(name, column, 0.6, looks) if name in _TELLING else None
    by_name *= _doubt(name, wanted, kind=kind) if seen.n_filled else 1.0
    allowed = noun.fields[name].parse
    if isinstance(allowed, fields.Choice) and by_name and not _is_choice(noun, name, allowed=allowed, values=seen.values):
        by_name *= 0.4
    if by_name < _LEAST:
        return None
    return Proposal(name, column, by_name, _("the name says it") if said in words else _("the name sounds like it"))


def _judged_custom(name: str, column: str, *, called: tuple[str, ...], agrees: bool) -> Proposal | None:
    """A custom field is filled by a column of its name, in any of its languages; a field of ours with that name comes first."""
    if synonyms.squeezed(column) not in called:
        return None
    return Proposal(name, column, 0.98 if agrees else 0.95, _("the name says it"))


def _doubt(name: str, wanted: str, *, kind: str) -> float:
    """What is left of a name when the values look like something else, or like nothing in particular where they should."""
    if wanted:
        return 0.4 if kind or name in _TELLING else 0.6
    return 0.4 if kind in ("mail", "date") and name not in ("reference", "owner") else 1.0


def _is_choice(noun: ImportNoun, name: str, *, allowed: fields.Choice, values: Iterable[str]) -> bool:
    known = synonyms.of_value(noun.name, name)
    return any(allowed.meant(value) or synonyms.squeezed(value) in known for value in values)


def _outcome(noun: ImportNoun, proposals: list[Proposal], evidence: Evidence) -> list[Proposal]:
    """Where a column of stages says won and lost, it says the outcome too."""
    stage = next((one for one in proposals if one.field == "stage"), None)
    if stage is None or "outcome" not in noun.fields or any(one.field in ("outcome", "won_at") for one in proposals):
        return []
    known = synonyms.of_value(noun.name, "outcome")
    said = {known.get(synonyms.squeezed(value)) for value in evidence.columns[stage.column].values}
    return [Proposal("outcome", stage.column, 0.8, _("its values say won and lost"))] if said & {"won", "lost"} else []


def _main_ways_first(proposals: list[Proposal]) -> list[Proposal]:
    """Where a file has one column of addresses or numbers, they are the main ones, whatever it is called."""
    have = {one.field for one in proposals}
    main = {other: name for name, other in (("email", "other_email"), ("phone", "other_phone")) if name not in have}
    return [replace(one, field=main.get(one.field, one.field)) for one in proposals]


def _without_double_names(proposals: list[Proposal]) -> list[Proposal]:
    """Family and given name say more than both in one; a column that is called by the whole name is left out then."""
    have = {one.field for one in proposals}
    return [one for one in proposals if not (one.field == "full_name" and {"family_name", "given_name"} <= have)]
