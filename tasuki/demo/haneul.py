"""Haneul TS (하늘TS): its teams, its people, what it sells and in which money. Written through the verbs, as in life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import NamedTuple

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password

from tasuki.core import absences, people, roles, teams
from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.money import ExchangeRate
from tasuki.core.organisation import Organisation
from tasuki.core.people import User
from tasuki.core.teams import Department, Team
from tasuki.crm import records
from tasuki.crm.products import Product

NAME = "Haneul TS"
ADDRESS = "1201, 10 Haneul-daero, Yeongdeungpo-gu, Seoul"
CURRENCY = "KRW"
HOST = "haneul.example"
ADMINISTRATOR = f"admin@{HOST}"
# Everybody here is invented and this company serves on this machine only: the password is no secret.
PASSWORD = "the sash goes on"  # noqa: S105 - printed for everybody who tries the demo
_SALT = "haneulhaneulhaneulhane"

_TEAMS = (
    ("Marketing", Department.MARKETING, NAME),
    ("Inside sales", Department.INSIDE_SALES, NAME),
    ("Inbound", Department.INSIDE_SALES, "Inside sales"),
    ("Outbound", Department.INSIDE_SALES, "Inside sales"),
    ("Sales", Department.SALES, NAME),
    ("Korea", Department.SALES, "Sales"),
    ("Japan", Department.SALES, "Sales"),
    ("Global", Department.SALES, "Sales"),
    ("Customer success", Department.SUCCESS, NAME),
    ("Office", Department.OFFICE, NAME),
)


class Hire(NamedTuple):
    mailbox: str
    family: str
    given: str
    team: str
    role: Role
    language: str
    title: str
    # The regions whose leads this person works; "" when the person carries none.
    works: str = ""


_HIRES = (
    Hire("admin", "윤", "서하", "Office", Role.ADMINISTRATOR, "en", "Administrator"),
    Hire("ruth", "Adeyemi", "Ruth", NAME, Role.MANAGER, "en", "Chief Revenue Officer"),
    Hire("taekyung", "문", "태경", "Office", Role.OPERATIONS, "ko", "매출운영 매니저"),
    Hire("jian", "노", "지안", "Office", Role.OBSERVER, "ko", "재무이사"),
    Hire("mina", "김", "민아", "Marketing", Role.MARKETER, "ko", "마케팅 팀장", "KR"),
    Hire("harin", "오", "하린", "Marketing", Role.MARKETER, "ko", "콘텐츠 매니저", "KR"),
    Hire("aya", "松本", "彩", "Marketing", Role.MARKETER, "ja", "マーケティング担当", "JP"),
    Hire("lena", "Fischer", "Lena", "Marketing", Role.MARKETER, "en", "Field Marketing Manager", "SG"),
    Hire("yeeun", "신", "예은", "Inside sales", Role.MANAGER, "ko", "인사이드 세일즈 팀장"),
    Hire("ivo", "Horvat", "Ivo", "Inbound", Role.INSIDE_SELLER, "en", "Inside Sales, Inbound", "SG"),
    Hire("dohyun", "배", "도현", "Inbound", Role.INSIDE_SELLER, "ko", "인사이드 세일즈", "KR"),
    Hire("subin", "이", "수빈", "Inbound", Role.INSIDE_SELLER, "ko", "인사이드 세일즈", "KR"),
    Hire("yuto", "中村", "悠斗", "Inbound", Role.INSIDE_SELLER, "ja", "インサイドセールス", "JP"),
    Hire("yujin", "정", "유진", "Outbound", Role.INSIDE_SELLER, "ko", "아웃바운드 세일즈", "KR"),
    Hire("geonwoo", "황", "건우", "Outbound", Role.INSIDE_SELLER, "ko", "아웃바운드 세일즈", "KR"),
    Hire("priya", "Raman", "Priya", "Outbound", Role.INSIDE_SELLER, "en", "Outbound Sales", "SG"),
    Hire("rin", "石井", "凛", "Outbound", Role.INSIDE_SELLER, "ja", "アウトバウンドセールス", "JP"),
    Hire("dongwook", "한", "동욱", "Sales", Role.MANAGER, "ko", "영업본부장"),
    Hire("seonghun", "박", "성훈", "Korea", Role.FIELD_SELLER, "ko", "영업 팀장", "KR"),
    Hire("eunchae", "최", "은채", "Korea", Role.FIELD_SELLER, "ko", "영업", "KR"),
    Hire("saori", "高橋", "沙織", "Japan", Role.FIELD_SELLER, "ja", "フィールドセールス", "JP"),
    Hire("ken", "渡辺", "健", "Japan", Role.FIELD_SELLER, "ja", "フィールドセールス", "JP"),
    Hire("daniel", "Okafor", "Daniel", "Global", Role.FIELD_SELLER, "en", "Account Executive", "SG"),
    Hire("chika", "佐藤", "千佳", "Customer success", Role.SUCCESS_MANAGER, "ja", "カスタマーサクセス", "JP"),
    Hire("narae", "임", "나래", "Customer success", Role.SUCCESS_MANAGER, "ko", "고객성공 매니저", "KR"),
    Hire("tom", "Bauer", "Tom", "Customer success", Role.SUCCESS_MANAGER, "en", "Customer Success Manager", "SG"),
)
# Who has left, how many days ago, and who took over.
_LEFT = (Hire("junhyeok", "서", "준혁", "Outbound", Role.INSIDE_SELLER, "ko", "아웃바운드 세일즈", "KR"), 140, "geonwoo")

# First day and last day counted from today, and who stands in.
_ABSENCES = (
    ("subin", -96, -92, "dohyun", "휴가"),
    ("ken", -60, -56, "saori", "夏季休暇"),
    ("priya", -31, -22, "ivo", "Annual leave"),
    ("harin", -3, 4, "mina", "출산휴가 준비"),
    ("tom", -1, 6, "narae", "Annual leave"),
    ("eunchae", 9, 13, "seonghun", "휴가"),
    ("saori", 21, 25, "ken", "休暇"),
)

# Name, code, line, price in won a year.
_PRODUCTS = (
    ("Haneul Gate", "GATE", "Pre-trade risk", 84_000_000),
    ("Haneul Gate Cluster", "GATE-C", "Pre-trade risk", 190_000_000),
    ("Haneul Order Desk", "DESK", "Order management", 120_000_000),
    ("Haneul Router", "ROUTE", "Order management", 66_000_000),
    ("Haneul Feed", "FEED", "Market data", 48_000_000),
    ("Haneul Replay", "REPLAY", "Market data", 30_000_000),
    ("Haneul Night", "NIGHT", "Night session", 54_000_000),
)

_RATES = {"JPY": (Decimal("9.25"), 0.012), "USD": (Decimal("1384"), 0.011)}
_TIME_ZONES = {"ko": "Asia/Seoul", "ja": "Asia/Tokyo", "en": "Asia/Singapore"}
SET_UP = By(None, Door.COMMAND)


@dataclass(frozen=True, slots=True, eq=False)
class Colleague:
    """What the simulator needs to know of a person, light enough to be asked a million times."""

    id: int
    name: str
    language: str
    team_id: int
    team_name: str


@dataclass(frozen=True)
class Company:
    """The organisation as the simulator works with it. `carriers[department or team][region]` are those who work there."""

    team_ids: dict[str, int]
    carriers: dict[str, dict[str, tuple[Colleague, ...]]]
    operations: Colleague
    left: Colleague
    left_at: int
    took_over: Colleague
    products: tuple[tuple[int, str, str, Decimal], ...]
    rates: dict[str, list[tuple[date, Decimal]]]

    def seller(self, region: str, *, customer_id: int) -> Colleague:
        """The one whose territory this customer is."""
        sellers = self.carriers["Sales"][region]
        return sellers[customer_id % len(sellers)]

    def rate(self, currency: str, on: date) -> Decimal:
        """As `money.convert` finds it: the latest rate on or before the day."""
        if currency == CURRENCY:
            return Decimal(1)
        return next(rate for from_on, rate in reversed(self.rates[currency]) if from_on <= on)


def found(*, start: datetime, until: datetime, random: Random, is_open: bool) -> Company:
    """Write the organisation, its teams, people, absences, products and rates, and say who is who. `is_open`: they sign in with `PASSWORD`."""
    Organisation.objects.filter(pk=1).update(
        name=NAME, country="KR", currency=CURRENCY, language="en", time_zone="Asia/Seoul", fiscal_year_starts_in=1, postal_address=ADDRESS
    )
    founded = start - timedelta(days=30)
    own_teams = _found_teams(founded)
    hired = {hire.mailbox: _hired(hire, team=own_teams[hire.team], is_open=is_open, at=founded) for hire in (*_HIRES, _LEFT[0])}
    left_at = until - timedelta(days=_LEFT[1])
    gone = people.leave(hired[_LEFT[0].mailbox], by=By(hired["admin"], Door.WEB), at=left_at)
    # What stands in the place of a password is random; here the same seed gives the same rows, and this one opens nothing either.
    User.objects.get_queryset().filter(pk=gone.pk).update(password=UNUSABLE_PASSWORD_PREFIX)
    for mailbox, first, last, deputy, reason in _ABSENCES:
        marked_at = min(until, until + timedelta(days=first - 14))
        first_on, last_on = (until.date() + timedelta(days=days) for days in (first, last))
        absences.mark(hired[mailbox], first_on=first_on, last_on=last_on, deputy=hired[deputy], reason=reason, by=By(hired[mailbox], Door.WEB), at=marked_at)
    colleagues = {hire.mailbox: _colleague(hired[hire.mailbox], own_teams[hire.team]) for hire in (*_HIRES, _LEFT[0])}
    return Company(
        team_ids={name: team.pk for name, team in own_teams.items()},
        carriers=_carriers(colleagues),
        operations=colleagues["taekyung"],
        left=colleagues[_LEFT[0].mailbox],
        left_at=int(left_at.timestamp()),
        took_over=colleagues[_LEFT[2]],
        products=_written_products(founded),
        rates=_written_rates(founded.date(), until=until.date(), random=random),
    )


def _found_teams(at: datetime) -> dict[str, Team]:
    found_ = {NAME: teams.add(NAME, department=Department.OFFICE, by=SET_UP, at=at)}
    for name, department, parent in _TEAMS:
        found_[name] = teams.add(name, department=department, parent=found_[parent], by=SET_UP, at=at)
    # Teams stamp themselves with the clock; the simulated past must not know it.
    Team.objects.filter(pk__in=[team.pk for team in found_.values()]).update(created_at=at)
    return found_


def _hired(hire: Hire, *, team: Team, is_open: bool, at: datetime) -> User:
    user = people.hire(
        f"{hire.mailbox}@{HOST}",
        family_name=hire.family,
        given_name=hire.given,
        language=hire.language,
        time_zone=_TIME_ZONES[hire.language],
        team=team,
        title=hire.title,
        by=SET_UP,
        at=at,
    )
    roles.grant(user, role=hire.role, by=SET_UP, at=at)
    # One salt for all: hashing anew for everybody would take longer than all their leads, and the password is printed anyway.
    User.objects.get_queryset().filter(pk=user.pk).update(password=_hash() if is_open else UNUSABLE_PASSWORD_PREFIX)
    return user


@cache
def _hash() -> str:
    return make_password(PASSWORD, salt=_SALT)


def _colleague(user: User, team: Team) -> Colleague:
    return Colleague(user.pk, user.display_name, user.language, team.pk, team.name)


def _carriers(colleagues: dict[str, Colleague]) -> dict[str, dict[str, tuple[Colleague, ...]]]:
    by_team: dict[str, dict[str, tuple[Colleague, ...]]] = {}
    for hire in (*_HIRES, _LEFT[0]):
        if hire.works:
            place = "Sales" if hire.team in ("Korea", "Japan", "Global") else hire.team
            here = by_team.setdefault(place, {})
            here[hire.works] = (*here.get(hire.works, ()), colleagues[hire.mailbox])
    return by_team


def _written_products(at: datetime) -> tuple[tuple[int, str, str, Decimal], ...]:
    rows = []
    for name, code, line, won in _PRODUCTS:
        product = records.add_product(name, line=line, price=Decimal(won), currency=CURRENCY, by=SET_UP, at=at)
        Product.objects.filter(pk=product.pk).update(code=code)
        rows.append((product.pk, name, line, Decimal(won)))
    return tuple(rows)


def _written_rates(since: date, *, until: date, random: Random) -> dict[str, list[tuple[date, Decimal]]]:
    """A rate for the first of every month, walking a little up and down."""
    months = [since.replace(day=1)]
    while months[-1] <= until:
        months.append((months[-1] + timedelta(days=32)).replace(day=1))
    rates: dict[str, list[tuple[date, Decimal]]] = {}
    for currency, (first, swing) in _RATES.items():
        rate = first
        for month in months[:-1]:
            rate = (rate * Decimal(str(round(1 + random.gauss(0, swing), 5)))).quantize(Decimal("0.0001"))
            rates.setdefault(currency, []).append((month, rate))
    ExchangeRate.objects.bulk_create([ExchangeRate(currency=currency, from_on=on, rate=rate) for currency, walk in rates.items() for on, rate in walk])
    return rates


def is_open() -> bool:
    """Whether its people sign in with the password that everybody knows."""
    administrator = User.objects.active().filter(email=ADMINISTRATOR).first()
    return bool(administrator and administrator.check_password(PASSWORD))


def last_moment(day: date) -> datetime:
    """Half past six in the evening in Seoul: the end of the working day."""
    return datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)


def by_mailbox() -> dict[str, User]:
    """Who works in the invented company, by what stands before the @: in the house around it somebody may be called the same."""
    host = f"@{HOST}"
    return {str(user.email).removesuffix(host): user for user in User.objects.active().filter(email__endswith=host)}
