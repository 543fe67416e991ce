"""Our own exports, come back: known by the numbers of their records, whatever language their columns are called in; their rows change those records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core.imports.evidence import Evidence
from tasuki.core.imports.mapping import Mapping
from tasuki.core.imports.synonyms import folded

# The column with the numbers of the records, in exports of each noun: the same in every language. The field that takes it in an import.
NUMBERS = {noun: f"tasuki_{noun}_id" for noun in ("lead", "account", "contact", "product", "productpoint", "opportunity")}
FIELD = "tasuki_id"
_NOUNS = {
    "lead": "leads", "account": "accounts", "contact": "contacts", "product": "products", "productpoint": "product_points", "opportunity": "opportunities",
}  # fmt: skip
# What the lists call the columns that fill our fields. Where a record stands is moved by its verbs, and is not among them.
_LABELS = {
    "leads": {
        "full_name": _("Person"), "account": _("Account"), "source": _("Source"), "segment": _("Segment"), "product": _("Product"),
        "owner": _("Owner"), "team": _("Team"), "title": _("Job title"), "reference": _("Reference"),
    },
    "accounts": {
        "name": _("Account"), "industry": _("Industry"), "country": _("Country"), "domain": _("Domain"), "n_employees": _("Employees"),
        "owner": _("Owner"), "corporate_number": _("Corporate number"), "postal_address": _("Postal address"), "reference": _("Reference"),
    },
    "contacts": {"full_name": _("Person"), "account": _("Account"), "title": _("Job title"), "email": _("Mail"), "phone": _("Telephone")},
    "products": {"name": _("Product"), "line": _("Product line"), "code": _("Code"), "price": _("Price"), "currency": _("Currency")},
    "product_points": {
        "product": _("Product"), "kind": _("Kind"), "language": _("Language"), "industry": _("Industry"), "name": _("Name"), "words": _("What is said"),
        "strong": _("Where they are strong"), "weak": _("Where they are weak"), "position": _("Position"),
    },
    "opportunities": {
        "name": _("Opportunity"), "account": _("Account"), "amount": _("Amount"), "currency": _("Currency"), "close_on": _("Close date"),
        "owner": _("Owner"), "product": _("Product"), "source": _("Source"), "segment": _("Segment"), "reference": _("Reference"),
    },
}  # fmt: skip


def labels(noun: str) -> dict[str, str]:
    """What the columns of an export are called that fill the fields of the noun, in their order and the language of now."""
    return {field: str(label) for field, label in _LABELS[noun].items()}


def noun_of(header: Sequence[str]) -> str:
    """The noun whose export the columns are of; empty for any other file."""
    have = {name.strip() for name in header}
    return next((_NOUNS[noun] for noun, number in NUMBERS.items() if number in have), "")


def columns_of(noun: str, header: Sequence[str]) -> dict[str, str]:
    """Which column of an export of ours fills which field."""
    by_name = {folded(name): name for name in reversed(header)}
    number = next(number for one, number in NUMBERS.items() if _NOUNS[one] == noun)
    found = {FIELD: next(name for name in header if name.strip() == number)}
    for field, words in _called(noun).items():
        name = next((by_name[word] for word in words if word in by_name), "")
        if name:
            found[field] = name
    if "amount" not in found and "price" not in found:
        # The currency of a custom field.
        found.pop("currency", None)
    return found


@cache
def _called(noun: str) -> dict[str, list[str]]:
    called: dict[str, list[str]] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for field, label in _LABELS[noun].items():
                called.setdefault(field, []).append(folded(str(label)))
    return called


def is_one(mapping: Mapping) -> bool:
    """Whether the mapping takes records by our own numbers, as an export has them."""
    return FIELD in mapping.columns


def currency_behind(column: str, seen: Evidence) -> str:
    """The one currency that stands in the column behind that of an amount; empty where there are several, or none."""
    at = seen.header.index(column) + 1
    values = list(seen.columns[seen.header[at]].values) if at < len(seen.header) else []
    return values[0] if len(values) == 1 and len(values[0]) == 3 and values[0].isupper() else ""
