"""Rules to begin with, for whoever has written none: general ones, that every house will want to change."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from tasuki.core.audit import By
from tasuki.crm.scoring import versions
from tasuki.crm.scoring.happenings import Happening
from tasuki.crm.scoring.versions import FitRule, ScoreModel


class _Rule(NamedTuple):
    condition: str
    points: int
    words_en: str
    words_ko: str
    words_ja: str


_DECIDES = ("대표", "이사", "본부장", "부장", "실장", "社長", "取締役", "本部長", "部長", "chief", "director", "head", "president", "VP")
_RULES = (
    _Rule(
        f"any({', '.join(f'title:contains({word})' for word in _DECIDES)})",
        30,
        "decides, or is close to who does",
        "결정권자이거나 그 가까이에 있음",
        "決裁者、またはその近くにいる",
    ),
    _Rule("account.employees:at_least(100)", 25, "company of 100 people or more", "직원 100명 이상의 회사", "従業員100名以上の会社"),
    _Rule("pass:over(1)", 5, "comes back after an earlier pass", "이전에 검토한 적이 있음", "以前にも検討したことがある"),
    _Rule("account.employees:under(10)", -20, "company of fewer than 10 people", "직원 10명 미만의 회사", "従業員10名未満の会社"),
)
_POINTS = {
    Happening.FORM: 20, Happening.VISIT: 3, Happening.MAIL_OPENED: 1, Happening.MAIL_CLICKED: 4, Happening.MAIL_REPLIED: 15,
    Happening.CONVERSATION: 12, Happening.MEETING: 20,
}  # fmt: skip


@transaction.atomic
def fill(draft: ScoreModel, *, by: By, at: datetime) -> ScoreModel:
    """Write them into an empty draft, after what is there. Raises NoDraft, ScoringRefused."""
    for rule in _RULES:
        versions.write_rule(FitRule(model=draft, **rule._asdict()), by=by, at=at)
    return versions.measure(draft, measures={}, points={one.value: points for one, points in _POINTS.items()}, by=by, at=at)
