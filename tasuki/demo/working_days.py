"""Working days: when people of a region work, when visitors come, and how the year breathes."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random

import holidays

DAY = 86_400
_EPOCH = date(1970, 1, 1)
_OPENS, _CLOSES = 9 * 3600, 18 * 3600 + 1800

# Hours ahead of UTC; none of the three places moves its clocks.
_OFFSET = {"KR": 9 * 3600, "JP": 9 * 3600, "SG": 8 * 3600}

_MONTHS = {1: 0.94, 2: 0.92, 3: 1.12, 4: 1.0, 5: 0.97, 6: 1.1, 7: 0.9, 8: 0.8, 9: 1.06, 10: 1.04, 11: 1.1, 12: 0.88}
_GROWTH = 0.1


class WorkingDays:
    """The calendar of three regions between two moments (seconds since 1970, UTC). Past the end it goes on for two years."""

    def __init__(self, start: int, until: int, *, random: Random) -> None:
        self.start, self.until, self._random = start, until, random
        self._first = start // DAY - 2
        last = until // DAY + 800
        self._end = (last - 20) * DAY
        self._days = [_EPOCH + timedelta(days=day) for day in range(self._first, last)]
        self._closed = {region: _holidays(region, self._days) for region in _OFFSET}
        self._next_open = {region: self._opening(region) for region in _OFFSET}
        self._arrivals = {region: self._weights(region, since=start) for region in _OFFSET}

    def later(self, moment: int, *, days: float, region: str) -> int:
        """A working moment at least `days` after `moment`; what lies beyond the calendar is far away and nothing more."""
        if days * DAY > self._end - moment:
            return self._end
        offset = _OFFSET[region]
        day, second = divmod(moment + int(days * DAY) + offset, DAY)
        if second > _CLOSES:
            day, second = day + 1, 0
        opens = self._next_open[region][day - self._first]
        if opens != day:
            day, second = opens, 0
        if second < _OPENS:
            second = _OPENS + int(self._random.random() ** 1.5 * (_CLOSES - _OPENS))
        return day * DAY + second - offset

    def arrival(self, region: str, *, office_hours: bool) -> int:
        """A moment at which somebody comes to us, as the seasons have it."""
        return self._draw(self._arrivals[region], region=region, office_hours=office_hours)

    def working_moment(self, region: str, *, since: int) -> int:
        """A working moment between `since` and the end, as likely on one day as on another."""
        return self.later(since, days=self._random.random() * max(self.until - since, 0) / DAY, region=region)

    def toward_quarter_end(self, moment: int, *, region: str, reach_days: int) -> int:
        """The same moment, or one in the last eight days of its quarter when that is within reach: orders come then."""
        day = self.day(moment)
        month = (day.month - 1) // 3 * 3 + 3
        ends = date(day.year + month // 12, month % 12 + 1, 1)
        ahead = (ends - day).days
        if ahead > reach_days or ahead <= 9:
            return moment
        return self.later(moment, days=ahead - 9 + self._random.random() * 6, region=region)

    def day(self, moment: int) -> date:
        """The day in Seoul and Tokyo."""
        return self._days[(moment + _OFFSET["KR"]) // DAY - self._first]

    def _draw(self, cumulated: list[float], *, region: str, office_hours: bool) -> int:
        while True:
            index = bisect_left(cumulated, self._random.random() * cumulated[-1])
            hour = self._random.triangular(8, 22.5, 13.5) if not office_hours else self._random.triangular(9, 18.4, 12)
            moment = (self._first + index) * DAY + int(hour * 3600) - _OFFSET[region]
            if self.start <= moment < self.until:
                return moment

    def _opening(self, region: str) -> list[int]:
        following, opens = 0, [0] * len(self._days)
        for index in range(len(self._days) - 1, -1, -1):
            if self._days[index].weekday() < 5 and self._days[index] not in self._closed[region]:
                following = self._first + index
            opens[index] = following
        return opens

    def _weights(self, region: str, *, since: int) -> list[float]:
        span = max(self.until - since, DAY)
        weights = []
        for index, day in enumerate(self._days):
            moment = (self._first + index) * DAY
            inside = since - DAY < moment < self.until
            weights.append(self._weight(day, region) * (1 + _GROWTH * (moment - since) / span) if inside else 0.0)
        return list(accumulate(weights))

    def _weight(self, day: date, region: str) -> float:
        weight = _MONTHS[day.month]
        if day.weekday() >= 5:
            weight *= 0.08
        elif day in self._closed[region]:
            weight *= 0.06
        if (day.month, day.day) >= (12, 24):
            weight *= 0.45
        if region == "JP" and ((4, 28) <= (day.month, day.day) <= (5, 6) or (8, 11) <= (day.month, day.day) <= (8, 16)):
            weight *= 0.3
        # Around Seollal and Chuseok the days beside the holidays are half holidays.
        near = {day + timedelta(days=ahead) for ahead in (-1, 1)}
        return weight * (0.6 if near & self._closed[region] else 1.0)


def _holidays(region: str, days: list[date]) -> set[date]:
    years = range(days[0].year, days[-1].year + 1)
    return set(holidays.country_holidays(region, years=years))


def written(moment: int) -> str:
    """For COPY and for JSON: `2026-03-02 09:00:00+00:00`."""
    return str(datetime.fromtimestamp(moment, UTC))
