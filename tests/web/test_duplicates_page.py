"""The page of duplicates: what is probably one, why, and the ways on; nothing for those who must not see it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.crm import duplicate_groups, records
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.records import Company
from tasuki.web import duplicates
from tests.cast import MONDAY, Cast, hired
from tests.crm.test_merging import UNASKED
from tests.web.office import lead_of, signed_in
from tests.web.test_merge_pages import firm

pytestmark = pytest.mark.django_db


def twins(cast: Cast, n: int) -> list[int]:
    """So many companies, each written twice; the ids of the groups."""
    for nth in range(n):
        firm(cast, f"Gaon {nth}"), firm(cast, f"Gaon {nth} Ltd.")
    duplicate_groups.find(at=MONDAY)
    return list(DuplicateGroup.objects.values_list("pk", flat=True))


def test_ruth_sees_why_compares_and_sets_apart_and_takes_it_back(cast: Cast) -> None:
    (pk,) = twins(cast, 1)
    ruth = signed_in(cast.ruth)
    text = ruth.get(reverse("duplicates")).content.decode()
    assert "Gaon 0 Ltd." in text
    assert "same name" in text
    ids = DuplicateGroup.objects.get().record_ids
    assert f"/merges/new?of=account&amp;id={ids[0]}&amp;id={ids[1]}" in text
    ruth.post(reverse("duplicate_apart", args=[pk]), {"reason": "two branches"})
    shown = ruth.get(reverse("duplicates"), {"state": "apart"}).content.decode()
    assert "two branches" in shown
    assert reverse("duplicate_reopening", args=[pk]) in shown, "the toast and the row offer it"
    ruth.post(reverse("duplicate_reopening", args=[pk]))
    assert DuplicateGroup.objects.get().state == "open"


def test_what_one_reason_says_already_no_other_says_again(cast: Cast) -> None:
    twins(cast, 1)
    group = DuplicateGroup.objects.get()
    for keys, said in (
        (["name", "domain"], ["same domain", "same name"]),
        (["name", "domain", "name_and_domain"], ["same name and domain"]),
        (["name", "phone", "name_at_account"], ["same telephone number", "same name at the same company"]),
    ):
        group.keys = keys
        assert [str(label) for label in group.reasons] == said


def test_a_settled_group_is_not_settled_again(cast: Cast) -> None:
    (pk,) = twins(cast, 1)
    ruth = signed_in(cast.ruth)
    ruth.post(reverse("duplicate_apart", args=[pk]))
    ruth.post(reverse("duplicate_apart", args=[pk]))
    assert "settled this group already" in ruth.get(reverse("duplicates")).content.decode()
    ruth.post(reverse("duplicate_reopening", args=[pk]))
    assert ruth.post(reverse("duplicate_reopening", args=[pk])).status_code == 422


def test_the_pages_follow_each_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "PAGE", 2)
    pks = sorted(twins(cast, 3), reverse=True)
    ruth = signed_in(cast.ruth)
    first = ruth.get(reverse("duplicates")).content.decode()
    assert f"before={pks[1]}" in first
    last = ruth.get(reverse("duplicates"), {"before": pks[1]}).content.decode()
    assert reverse("duplicate_apart", args=[pks[2]]) in last
    assert 'rel="next"' not in last
    for odd in ({"before": "x" * 40}, {"before": "9" * 30}, {"of": "user"}, {"state": "'"}):
        assert ruth.get(reverse("duplicates"), odd).status_code == 200


def test_a_manager_sees_the_groups_of_what_she_sees(cast: Cast) -> None:
    marta = hired("marta", "Silva", "Marta", role=Role.MANAGER, team=cast.marketing)
    (pk,) = twins(cast, 1)
    client = signed_in(marta)
    assert "Gaon" not in client.get(reverse("duplicates")).content.decode()
    assert client.post(reverse("duplicate_apart", args=[pk])).status_code == 404
    for _ in range(2):
        records.add_account(Company("Norwick"), owner=marta, team=cast.marketing, another=UNASKED, by=By(marta, Door.WEB), at=MONDAY)
    DuplicateGroup.objects.filter(reason=UNASKED).delete()
    duplicate_groups.find(at=MONDAY)
    assert "Norwick" in client.get(reverse("duplicates")).content.decode()


def test_who_may_not_merge_sees_no_duplicates(cast: Cast) -> None:
    (pk,) = twins(cast, 1)
    for user in (cast.ivo, cast.mina, cast.tomas):
        client = signed_in(user)
        assert client.get(reverse("duplicates")).status_code == 403
        assert client.post(reverse("duplicate_apart", args=[pk])).status_code in (403, 404)
        assert client.post(reverse("duplicate_reopening", args=[pk])).status_code in (403, 404)
    assert reverse("duplicates") not in signed_in(cast.ivo).get(reverse("home")).content.decode()
    assert reverse("duplicates") in signed_in(cast.ruth).get(reverse("home")).content.decode()


@pytest.mark.parametrize("who", ["ruth", "ada"])
def test_twelve_groups_cost_as_many_queries_as_two(cast: Cast, who: str) -> None:
    client = signed_in(getattr(cast, who))
    lead_of(cast)

    def n_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("duplicates"))
        return len(asked)

    twins(cast, 2)
    n_queries()
    n_of_two = n_queries()
    twins(cast, 12)
    assert n_queries() == n_of_two
