"""A score of how a call was talked, by the formula that MiiTel publishes: how long it lasted, who spoke, and how often both or nobody did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TalkRule:
    """What a score is made of. `bands`: (from so many minutes, points), ascending from 0; `talk_target` in percent."""

    start: float
    talk_target: float
    per_overlap: float
    per_silence: float
    bands: tuple[tuple[float, float], ...]

    def points(self, minutes: float) -> float:
        """Those for the length of the call."""
        return max((pair for pair in self.bands if minutes >= pair[0]), default=(0.0, 0.0))[1]


# As MiiTel ships it: docs/coaching.md says where it is from.
MIITEL = TalkRule(
    start=50, talk_target=40, per_overlap=10, per_silence=10, bands=((0, 0), (5, 30), (10, 50), (30, 30), (40, 0), (50, -10), (60, -20))
)  # fmt: skip


def score(*, minutes: float, talk_percent: float, n_overlaps: int, n_silences: int, rule: TalkRule = MIITEL) -> float:
    """From 0 to 100, to one decimal: `start` + points for the length − share above the target − so much for each overlap and silence a minute.

    Raises ValueError for a call that did not last.
    """
    if minutes <= 0:
        raise ValueError("a call that did not last has no score")
    overlaps, silences = n_overlaps / minutes, n_silences / minutes
    found = rule.start + rule.points(minutes) - (talk_percent - rule.talk_target) - rule.per_overlap * overlaps - rule.per_silence * silences
    return round(min(max(found, 0.0), 100.0), 1)
