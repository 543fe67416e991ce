"""The countries that the relay can be narrowed to: those of the accounts that the reader sees."""

from __future__ import annotations

from django.db import connection

from tasuki.core import abilities
from tasuki.core.people import User
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.relay import questions
from tasuki.web.lists import counting

# Of so many accounts of a country it is looked up one by one whether somebody works a lead of theirs.
_TRIED = 300
# Whoever sees more leads is not asked where each of them is.
_MANY = 100_000
# Which countries there are; and whether teams have an account in each, or the reader sees a lead of one of the first.
_OF_TEAMS = """
WITH RECURSIVE found AS (
    SELECT min(country) AS value FROM crm_account
    UNION ALL SELECT (SELECT min(country) FROM crm_account WHERE country > found.value) FROM found WHERE found.value IS NOT NULL)
SELECT value, EXISTS (SELECT FROM crm_account WHERE team_id = ANY(%(teams)s::bigint[]) AND country = found.value) OR EXISTS (
    SELECT FROM (SELECT id FROM crm_account WHERE country = found.value LIMIT %(tried)s) account
    CROSS JOIN LATERAL (SELECT FROM crm_lead WHERE account_id = account.id AND (owner_id = %(me)s OR team_id = ANY(%(lead_teams)s::bigint[])) LIMIT 1) lead)
FROM found WHERE value IS NOT NULL"""


def seen(user: User) -> set[str]:
    """Their codes, "" among them where an account has none. Which countries teams have accounts in, an index says; and most others in which somebody
    works leads, the first accounts there. Only what is left is asked of all those leads.
    """
    accounts, leads, standing = Account.objects.visible_to(user), Lead.objects.visible_to(user), abilities.standing_of(user)
    if not accounts.query.where:
        return questions.values(accounts, "country")
    sees_some = abilities.Scope.NOTHING < standing.scope("lead") < abilities.Scope.ALL
    known = {"teams": sorted(abilities.teams_of_scope(standing, "account")), "lead_teams": sorted(abilities.teams_of_scope(standing, "lead"))}
    with connection.cursor() as cursor:
        cursor.execute(_OF_TEAMS, {**known, "me": user.pk if sees_some else None, "tried": _TRIED})
        rows = cursor.fetchall()
    found = {country for country, is_of_teams in rows if is_of_teams}
    if len(found) == len(rows) or standing.scope("account") is abilities.Scope.NOTHING:
        return found
    if counting.estimated(leads) > _MANY:
        return found | questions.values(accounts.exclude(country__in=found), "country")
    own = accounts.filter(owner=user).order_by().values_list("country").distinct()
    return found | {country for (country,) in own.union(leads.filter(account__isnull=False).order_by().values_list("account__country"))}
