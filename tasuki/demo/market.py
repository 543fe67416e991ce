"""The market: which companies there are, where, how large, and what they would pay."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from tasuki.demo.invented import Names
from tasuki.demo.process import SMALL_FIRMS

if TYPE_CHECKING:
    from tasuki.demo.journeys import Pass

_ABROAD = ("SG", "HK", "GB", "US", "AU", "TH", "VN")

# Segment → share of the companies, industries, usual number of people, what they pay of a list price.
_SEGMENTS: dict[str, tuple[float, tuple[str, ...], int, float]] = {
    "Large securities": (0.14, ("Securities",), 2400, 2.1),
    "Mid-size securities": (0.37, ("Securities", "Futures"), 420, 1.0),
    SMALL_FIRMS: (0.03, ("Securities",), 45, 0.4),
    "Asset management": (0.26, ("Asset management",), 160, 0.75),
    "Exchange": (0.04, ("Exchange",), 700, 3.2),
    "Bank and insurance": (0.16, ("Bank", "Insurance"), 3100, 1.4),
}
_PAYS = {name: values[3] for name, values in _SEGMENTS.items()}


@dataclass(slots=True, eq=False)
class Company:
    """A customer, or one to be. It is numbered when we first hear of it."""

    id: int
    name: str
    domain: str
    country: str
    industry: str
    segment: str
    n_employees: int
    corporate_number: str = ""
    parent: Company | None = None
    known_since: int = 0
    # Who came from here before: a duplicate is merged into one of them.
    passes: list[Pass] = field(default_factory=list)

    @property
    def region(self) -> str:
        """Whose office works this company, and whose calendar it keeps."""
        return self.country if self.country in ("KR", "JP") else "SG"

    @property
    def currency(self) -> str:
        return {"KR": "KRW", "JP": "JPY"}.get(self.country, "USD")


class Market:
    """Makes companies in the shares of their segments and countries."""

    def __init__(self, *, random: Random, names: Names) -> None:
        self._random, self._names = random, names

    def company(self, *, segment: str | None = None) -> Company:
        random = self._random
        segment = segment or random.choices(list(_SEGMENTS), weights=[values[0] for values in _SEGMENTS.values()])[0]
        _, industries, usual_size, _ = _SEGMENTS[segment]
        country = random.choices(("KR", "JP", random.choice(_ABROAD)), weights=(52, 29, 19))[0]
        industry = random.choice(industries)
        name = self._names.company(country, industry)
        return Company(
            id=0,
            name=name.written,
            domain=name.domain,
            country=country,
            industry=industry,
            segment=segment,
            n_employees=max(4, int(usual_size * random.lognormvariate(0, 0.6))),
        )


def price(listed: Decimal, *, segment: str, random: Random) -> Decimal:
    """What this deal is worth, in the currency of the list: large firms buy more seats and more venues."""
    return listed * Decimal(str(round(_PAYS[segment] * random.lognormvariate(0, 0.35), 4)))
