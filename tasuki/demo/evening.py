"""What inside sales of the demo company finds in the morning: scored leads, yesterday's list worked, today's begun, tomorrow's proposed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection

from tasuki.core import business_days
from tasuki.core.audit import By, Door
from tasuki.core.calendars import hours_of_the_house
from tasuki.core.people import User
from tasuki.core.working_time import Hours
from tasuki.crm import leads, stages
from tasuki.crm.leads import Lead
from tasuki.crm.scoring import keeping as scoring
from tasuki.crm.scoring import suggestions, versions
from tasuki.crm.scoring.scores import ScoreDue
from tasuki.crm.scoring.versions import FitRule
from tasuki.inside_sales.call_lists import building, keeping
from tasuki.inside_sales.call_lists.lists import CallList

_BY = By(None, Door.COMMAND)
# What fits this company, beside what fits any.
_OWN_RULE = ("account.industry:is(exchange, securities)", 25, "an exchange or a securities firm", "거래소 또는 증권사", "取引所または証券会社")
# Of ten entries of a day so many are worked, and one is skipped.
_WORKED_OF_TEN = {True: 8, False: 3}
_MOST_GIVEN = 150
# As `lists.work` counts them.
_IN_ORDER = """
UPDATE inside_sales_calllistentry entry SET n_before = told.n, n_in_order = told.n_in_order
FROM (SELECT later.id, count(*) AS n, count(*) FILTER (WHERE first.position < later.position) AS n_in_order
      FROM inside_sales_calllist list JOIN inside_sales_calllistentry later ON later.call_list_id = list.id
      JOIN inside_sales_calllistentry first ON first.call_list_id = list.id AND (first.worked_at, first.position) < (later.worked_at, later.position)
      WHERE list.for_on = %s AND later.inserted_at IS NULL AND first.inserted_at IS NULL GROUP BY 1) told
WHERE told.id = entry.id
"""
_REASONS = {"ko": "이번 주 휴가", "ja": "今週は休暇中", "en": "on leave this week"}


def prepare(*, until: datetime) -> None:
    """Score all open leads, and make the lists of three days around `until`."""
    draft = suggestions.fill(versions.begin(by=_BY, at=until), by=_BY, at=until)
    condition, points, words_en, words_ko, words_ja = _OWN_RULE
    rule = FitRule(model=draft, condition=condition, points=points, words_en=words_en, words_ko=words_ko, words_ja=words_ja)
    versions.write_rule(rule, by=_BY, at=until)
    scoring.publish(draft, by=_BY, at=until)
    scoring.rescore(at=until)
    # All that was written is scored by now.
    ScoreDue.objects.all().delete()
    hours, sellers = hours_of_the_house(), list(keeping.sellers())
    _give_what_is_ready(sellers, until=until)
    today = business_days.on_or_before(until.astimezone(hours.zone).date(), hours=hours)
    for day in (business_days.on_or_before(today - timedelta(days=1), hours=hours), today):
        building.build(day, owners=sellers, by=_BY, at=until - timedelta(days=2))
        _worked(day, hours=hours, until=until, is_over=day < today)
        _frozen(day, sellers, hours=hours)
    building.build(keeping.day_after(today, hours=hours), owners=sellers, by=_BY, at=until)


def _give_what_is_ready(sellers: list[User], *, until: datetime) -> None:
    """Two of three leads that wait in the queue have gone to somebody, in turn; the others show what a queue is."""
    waiting = Lead.objects.filter(stage=stages.READY, owner__isnull=True).select_related("contact", "account", "owner", "team").order_by("pk")
    for nth, lead in enumerate(one for one in waiting[:_MOST_GIVEN] if one.pk % 3):
        person = sellers[nth % len(sellers)]
        assert person.team  # noqa: S101 - whoever sells here is in a team
        leads.give(lead, to=person, team=person.team, by=_BY, at=until - timedelta(days=2, minutes=nth))


def _worked(day: date, *, hours: Hours, until: datetime, is_over: bool) -> None:
    """Most of the entries of a day that is over, the first few of one that has begun, now and then two the other way round."""
    shifts = hours.shifts_on(day)
    opens = datetime.combine(day, datetime.min.time(), hours.zone) + timedelta(minutes=shifts[0].from_minute if shifts else 540)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE inside_sales_calllistentry entry
               SET worked_at = least(%s + interval '27 minutes' * (entry.position + CASE entry.position %% 7 WHEN 3 THEN 2 ELSE 0 END - 1), %s)
               FROM inside_sales_calllist list
               WHERE list.id = entry.call_list_id AND list.for_on = %s AND entry.lead_id %% 10 < %s AND %s <= %s""",
            [opens, until, day, _WORKED_OF_TEN[is_over], opens, until],
        )
        cursor.execute(_IN_ORDER, [day])
        for language, reason in _REASONS.items():
            cursor.execute(
                """UPDATE inside_sales_calllistentry entry SET skipped_at = %s, skip_reason = %s
                   FROM inside_sales_calllist list JOIN core_user owner ON owner.id = list.owner_id
                   WHERE list.id = entry.call_list_id AND list.for_on = %s AND entry.lead_id %% 10 = 9 AND owner.language = %s AND %s <= %s""",
                [opens, reason, day, language, opens, until],
            )


def _frozen(day: date, sellers: list[User], *, hours: Hours) -> None:
    """In the evening before, each by its owner."""
    evening = datetime.combine(business_days.on_or_before(day - timedelta(days=1), hours=hours), datetime.min.time(), hours.zone) + timedelta(
        hours=17, minutes=40
    )
    for person in sellers:
        CallList.objects.filter(for_on=day, owner=person).update(frozen_at=evening, frozen_by=person, built_at=evening - timedelta(minutes=10))
