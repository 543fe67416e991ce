"""One verb for many rows: those that are ticked or all that fit, refusals one by one, an undo, and nothing for those who may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.abilities import Role
from tasuki.core.audit import By, Door
from tasuki.core.bulk import running
from tasuki.core.bulk.runs import BulkRow, BulkRun
from tasuki.core.bulk.verbs import verbs
from tasuki.core.meanwhile import ChangedMeanwhile
from tasuki.crm import accounts, leads, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.leads import Lead
from tasuki.sales import opportunities
from tasuki.sales.opportunities import Opportunity
from tests.cast import Cast, hired
from tests.web.office import MONDAY, deal_of, lead_of, signed_in

pytestmark = pytest.mark.django_db

MODELS: dict[str, Any] = {"lead": Lead, "account": Account, "opportunity": Opportunity, "task": tasks.Task}


def give(client: Client, cast: Cast, *, noun: str = "lead", **said: object) -> str:
    """Give what is chosen to Saori; where it leads."""
    form = {"give-owner": cast.saori.pk, "give-team": cast.field_sales.pk, "give-reason": "new region", "next": "/leads?view=all", **said}
    answer = client.post(reverse("bulk_start", args=[noun, "give"]), form)
    assert answer.status_code == 302
    return str(answer["Location"])


def owners() -> dict[int, object]:
    return dict(Lead.objects.order_by("pk").values_list("pk", "owner"))


def test_ruth_gives_the_ticked_leads_and_takes_it_back(cast: Cast) -> None:
    ticked, other = [lead_of(cast, 1), lead_of(cast, 2)], lead_of(cast, 3)
    ruth = signed_in(cast.ruth)
    assert give(ruth, cast, id=[lead.pk for lead in ticked]) == "/leads?view=all"
    assert owners() == {ticked[0].pk: cast.saori.pk, ticked[1].pk: cast.saori.pk, other.pk: cast.ivo.pk}
    text = ruth.get("/leads?view=all").content.decode()
    assert "2 rows are changed." in text
    run = BulkRun.objects.get()
    assert f'action="/bulk/{run.pk}/undoing"' in text
    assert "Undo" in ruth.get(reverse("bulk", args=[run.pk])).content.decode()
    ruth.post(reverse("bulk_undoing", args=[run.pk]))
    assert set(owners().values()) == {cast.ivo.pk}
    run.refresh_from_db()
    assert (run.state, run.n_done, run.n_undone) == ("undone", 2, 2)
    assert "Undo</button>" not in ruth.get(reverse("bulk", args=[run.pk])).content.decode()


def test_undo_pressed_on_the_list_goes_on_with_the_list(cast: Cast) -> None:
    lead = lead_of(cast)
    ruth = signed_in(cast.ruth)
    give(ruth, cast, id=[lead.pk])
    answer = ruth.post(reverse("bulk_undoing", args=[BulkRun.objects.get().pk]), {"next": "/leads?view=all"})
    assert answer["Location"] == "/leads?view=all"
    assert "1 row is brought back." in ruth.get("/leads?view=all").content.decode()


def test_all_that_fit_are_given_also_those_of_other_pages(cast: Cast) -> None:
    for nth in range(60):
        lead_of(cast, nth, source="fair" if nth % 2 else "webinar")
    give(signed_in(cast.ruth), cast, everything="1", state="view=all&filter=source%3Ais%28fair%29")
    assert list(owners().values()).count(cast.saori.pk) == 30


def test_more_than_a_hundred_go_to_a_worker(cast: Cast) -> None:
    for nth in range(101):
        lead_of(cast, nth)
    ruth = signed_in(cast.ruth)
    address = give(ruth, cast, everything="1", state="view=all")
    run = BulkRun.objects.get()
    assert address == reverse("bulk", args=[run.pk])
    assert set(owners().values()) == {cast.ivo.pk}
    assert "Look again" in ruth.get(address).content.decode()
    running.run(run, door=Door.JOB, at=now())
    assert set(owners().values()) == {cast.saori.pk}
    # A job that runs twice changes nothing.
    running.run(run, door=Door.JOB, at=now())
    run.refresh_from_db()
    assert (run.state, run.n_done, run.n_refused) == ("done", 101, 0)


def test_one_refusal_stops_nobody_else_and_says_why(cast: Cast) -> None:
    good, ended, deal = lead_of(cast, 1), lead_of(cast, 2), deal_of(cast, 3)
    leads.lose(ended, reason="no budget", by=By(cast.ivo, Door.WEB), at=now())
    form = {"id": [good.pk, ended.pk, deal.lead_id], "recycle-because": "no_budget", "recycle-wakes": "day", "recycle-on": "2036-01-04", "next": "/leads"}
    ada = signed_in(cast.ada)
    ada.post(reverse("bulk_start", args=["lead", "recycle"]), form)
    run = BulkRun.objects.get()
    assert (run.n_done, run.n_refused) == (1, 2)
    assert Lead.objects.get(pk=good.pk).ended_as == "recycled"
    text = ada.get(reverse("bulk", args=[run.pk])).content.decode()
    assert "This lead has an open opportunity." in text
    assert "Undo begins a new pass for each" in text, "History stays, and the page says so."
    ada.post(reverse("bulk_undoing", args=[run.pk]))
    assert Lead.objects.get(previous=good).stage_id == "working"
    assert ada.post(reverse("bulk_undoing", args=[run.pk])).status_code == 422, "once"


def test_an_undo_keeps_what_somebody_has_given_on(cast: Cast) -> None:
    first, second = lead_of(cast, 1), lead_of(cast, 2)
    ruth = signed_in(cast.ruth)
    give(ruth, cast, id=[first.pk, second.pk])
    leads.give(second, to=cast.chika, team=cast.success, by=By(cast.ruth, Door.WEB), at=now())
    ruth.post(reverse("bulk_undoing", args=[BulkRun.objects.get().pk]))
    assert owners() == {first.pk: cast.ivo.pk, second.pk: cast.chika.pk}
    assert BulkRow.objects.get(record_id=second.pk).reason.startswith("Ruth Adeyemi changed this meanwhile.")


@pytest.mark.parametrize("noun", ["account", "opportunity"])
def test_accounts_and_deals_are_given_and_brought_back(cast: Cast, noun: str) -> None:
    deal = deal_of(cast)
    model = MODELS[noun]
    pk = deal.lead.account_id if noun == "account" else deal.pk
    before = model._default_manager.get(pk=pk).owner
    ruth = signed_in(cast.ruth)
    form = {"give-owner": cast.chika.pk, "give-team": cast.success.pk, "give-reason": "", "id": pk}
    ruth.post(reverse("bulk_start", args=[noun, "give"]), form)
    assert model._default_manager.get(pk=pk).owner == cast.chika
    ruth.post(reverse("bulk_undoing", args=[BulkRun.objects.get().pk]))
    assert model._default_manager.get(pk=pk).owner == before


@pytest.mark.parametrize("noun", ["lead", "account", "opportunity"])
def test_what_somebody_gave_on_after_the_row_was_read_stays_with_them(cast: Cast, noun: str) -> None:
    deal = deal_of(cast)
    read = {"lead": deal.lead, "account": deal.lead.account, "opportunity": deal}[noun]
    assert read
    given: Callable[..., object] = {"lead": leads.give, "account": accounts.give, "opportunity": opportunities.hand_over}[noun]
    stood = {"owner": read.owner_id, "team": read.team_id}
    given(read, to=cast.chika, team=cast.success, by=By(cast.ruth, Door.WEB), at=now())
    give, to = verbs()[noun, "give"], {"owner": cast.mina.pk, "team": cast.marketing.pk}
    assert give.undo
    for act, said in ((give.do, to), (give.undo, {**stood, "before": to})):
        with pytest.raises(ChangedMeanwhile, match="Ruth Adeyemi changed this meanwhile"):
            act(read, {**said, "reason": ""}, by=By(cast.ruth, Door.WEB), at=now())
    assert type(read)._default_manager.get(pk=read.pk).owner == cast.chika


@pytest.mark.parametrize("sent", ["foo", "https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_list_that_is_none_of_ours_leads_home_and_the_change_is_made(cast: Cast, sent: str) -> None:
    account, ruth = lead_of(cast).account, signed_in(cast.ruth)
    assert account
    assert ruth.post(reverse("bulk_field", args=["account", "industry"]), {"id": account.pk, "set": "1", "industry": "banks", "next": sent})["Location"] == "/"
    assert Account.objects.get().industry == "banks"
    view = {"of": "account", "name": "Mine", "reach": "mine", "sort": "name", "columns": "name", "next": sent}
    assert ruth.post(reverse("view_add"), view)["Location"].startswith("/")
    assert ruth.get(reverse("merge_choosing", args=["account"]), {"id": account.pk, "next": sent})["Location"] == reverse("accounts")


def test_who_may_not_does_nothing_and_sees_no_bar(cast: Cast) -> None:
    lead = lead_of(cast)
    form = {"give-owner": cast.ivo.pk, "give-team": cast.inside_sales.pk, "id": lead.pk}
    for who in (cast.ivo, cast.mina, cast.tomas):
        assert signed_in(who).post(reverse("bulk_start", args=["lead", "give"]), form).status_code == 403
    assert not BulkRun.objects.exists()
    assert "/bulk/lead/give" not in signed_in(cast.ivo).get(reverse("leads")).content.decode()
    assert "/bulk/lead/recycle" in signed_in(cast.ivo).get(reverse("leads")).content.decode()


def test_nobody_changes_or_looks_at_what_they_do_not_see(cast: Cast) -> None:
    theirs = leads.capture(leads.Arrival(team=cast.marketing), by=By(cast.mina, Door.WEB), at=MONDAY)
    own = lead_of(cast)
    form = {"id": [theirs.pk, own.pk], "recycle-because": "no_budget"}
    signed_in(cast.ivo).post(reverse("bulk_start", args=["lead", "recycle"]), form)
    assert Lead.objects.get(pk=theirs.pk).stage_id == "captured"
    run = BulkRun.objects.get()
    assert run.n_rows == 1
    assert signed_in(cast.saori).get(reverse("bulk", args=[run.pk])).status_code == 404
    assert signed_in(cast.saori).post(reverse("bulk_undoing", args=[run.pk])).status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        {"id": []},
        {"id": ["x", "-1", "99999999999999999999"]},
        {"everything": "1", "state": "view=all&q=nobody+of+that+name"},
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_happens(cast: Cast, said: dict[str, object]) -> None:
    lead_of(cast)
    ruth = signed_in(cast.ruth)
    assert give(ruth, cast, **said) == "/leads?view=all"
    assert "toast-error" in ruth.get("/leads").content.decode()
    assert not BulkRun.objects.exists()


@pytest.mark.parametrize("who", ["ruth", "ivo"])
def test_the_menus_of_the_bar_come_when_they_are_asked_for(cast: Cast, who: str) -> None:
    """The list itself draws none of their fields; its buttons ask for the same by a page each."""
    lead_of(cast)
    client = signed_in(getattr(cast, who))
    page = client.get(reverse("leads")).content.decode()
    assert f'data-hx-get="{reverse("bulk_menus", args=["lead"])}"' in page
    assert "recycle-because" not in page
    menus = client.get(reverse("bulk_menus", args=["lead"])).content.decode()
    for verb, named in (("give", "give-owner"), ("recycle", "recycle-because"), ("enrol", "enrol-sequence")):
        address = f'formaction="{reverse("bulk_start", args=["lead", verb])}"'
        may = verb != "give" or who == "ruth"
        assert (address in page, address in menus, f'name="{named}"' in menus) == (may, may, may)


@pytest.mark.parametrize("noun", ["lead", "account", "opportunity", "task"])
def test_the_menus_and_the_page_of_a_verb_cost_the_same_for_two_rows_and_for_twelve(cast: Cast, noun: str) -> None:
    ada, addresses = signed_in(cast.ada), [reverse("bulk_menus", args=[noun]), reverse("bulk_start", args=[noun, "give"])]

    def n_queries() -> list[int]:
        pks = list(MODELS[noun]._default_manager.values_list("pk", flat=True))
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert ada.get(address, {"id": pks}).status_code == 200
            found.append(len(queries))
        return found

    def grown(nths: range) -> list[int]:
        for nth in nths:
            deal = deal_of(cast, nth)
            tasks.add(tasks.Task(lead=deal.lead, subject="Call", due_on=MONDAY.date(), owner=cast.ada), by=By(cast.ada, Door.WEB), at=MONDAY)
        return n_queries()

    grown(range(2))
    assert grown(range(0)) == grown(range(2, 12))


def test_without_script_each_verb_has_a_page_that_keeps_the_rows(cast: Cast) -> None:
    ticked, other = [lead_of(cast, 1), lead_of(cast, 2)], lead_of(cast, 3)
    ruth, address = signed_in(cast.ruth), reverse("bulk_start", args=["lead", "give"])
    asked = {"id": [one.pk for one in ticked], "state": "view=all", "next": "/leads?view=all"}
    text = ruth.get(address, asked).content.decode()
    assert "2 rows are chosen." in text
    form = text.partition('<form class="form" method="post">')[2].partition("</form>")[0]
    kept = re.findall(r'<input type="hidden" name="(id|state|next|everything)" value="([^"]*)">', form)
    assert kept == [("id", str(ticked[0].pk)), ("id", str(ticked[1].pk)), ("state", "view=all"), ("next", "/leads?view=all")]
    assert 'href="/leads?view=all"' in text
    assert "3 rows are chosen." in ruth.get(address, {"everything": "1", "state": "view=all"}).content.decode()
    said = {"give-owner": cast.saori.pk, "give-team": cast.field_sales.pk, "give-reason": ""}
    assert ruth.post(address, {**dict(kept), "id": [pk for name, pk in kept if name == "id"], **said})["Location"] == "/leads?view=all"
    assert owners() == {ticked[0].pk: cast.saori.pk, ticked[1].pk: cast.saori.pk, other.pk: cast.ivo.pk}
    fields = ruth.get(reverse("bulk_start", args=["account", "change"]), {"id": ticked[0].account_id}).content.decode()
    assert f'formaction="{reverse("bulk_field", args=["account", "industry"])}"' in fields


def test_a_form_that_is_refused_comes_back_with_what_was_typed_and_the_rows(cast: Cast) -> None:
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    form = {"give-owner": cast.saori.pk, "give-team": "nobody", "give-reason": "new region", "id": lead.pk, "next": "/leads?view=all"}
    answer = ruth.post(reverse("bulk_start", args=["lead", "give"]), form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'name="id" value="{lead.pk}"' in text
    assert "Select a valid choice." in text
    assert 'value="new region"' in text
    assert not BulkRun.objects.exists()


def test_the_menus_and_pages_are_closed_to_who_may_not(cast: Cast) -> None:
    lead = lead_of(cast)
    obi = signed_in(hired("obi", "Obi", "Ana", role=Role.OBSERVER))
    assert "bulk-verbs" not in obi.get(reverse("leads")).content.decode()
    assert obi.get(reverse("bulk_menus", args=["lead"])).status_code == 403
    assert obi.get(reverse("bulk_start", args=["lead", "recycle"]), {"id": lead.pk}).status_code == 403
    assert signed_in(cast.ivo).get(reverse("bulk_start", args=["lead", "give"]), {"id": lead.pk}).status_code == 403
    theirs = leads.capture(leads.Arrival(team=cast.marketing), by=By(cast.mina, Door.WEB), at=MONDAY)
    answer = signed_in(cast.ivo).get(reverse("bulk_start", args=["lead", "recycle"]), {"id": theirs.pk})
    assert answer["Location"] == "/", "what one does not see is not chosen"
    assert signed_in(cast.ruth).get(reverse("bulk_menus", args=["product"])).status_code == 404
    assert signed_in(cast.ruth).get(reverse("bulk_menus", args=["x"])).status_code == 404


def test_a_forged_state_or_verb_is_refused(cast: Cast) -> None:
    ruth = signed_in(cast.ruth)
    form = {"give-owner": cast.saori.pk, "give-team": cast.field_sales.pk, "everything": "1"}
    assert ruth.post(reverse("bulk_start", args=["lead", "give"]), {**form, "state": "view=nowhere"}).status_code == 400
    assert ruth.post(reverse("bulk_start", args=["lead", "give"]), {**form, "state": "filter=password%3Ais%281%29"}).status_code in {302, 422}
    assert ruth.post(reverse("bulk_start", args=["lead", "drop"]), form).status_code == 404
    assert not BulkRun.objects.exists()


def test_too_many_are_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST", 1)
    with pytest.raises(running.TooMany):
        running.start(verbs()["lead", "give"], [1, 2], said={}, person=cast.ruth, at=MONDAY)
    for nth in range(2):
        lead_of(cast, nth)
    with pytest.raises(running.TooMany):
        running.start(verbs()["lead", "give"], Lead.objects.all(), said={}, person=cast.ruth, at=MONDAY)
    assert not BulkRun.objects.exists()


def test_all_that_fit_are_written_down_without_carrying_their_numbers_about(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many: the same number of questions for two rows and for twelve, and each row once."""
    monkeypatch.setattr(running, "AT_ONCE", 0)
    monkeypatch.setattr(running.run_bulk, "defer", lambda **_said: None)
    ruth, costs = signed_in(cast.ruth), []
    form = {"give-owner": cast.saori.pk, "give-team": cast.field_sales.pk, "everything": "1", "state": "view=all"}
    for first, n in ((0, 2), (2, 10)):
        for nth in range(first, first + n):
            lead_of(cast, nth)
        ruth.get(reverse("bulk_start", args=["lead", "give"]), {"everything": "1", "state": "view=all"})
        with CaptureQueriesContext(connection) as queries:
            assert ruth.post(reverse("bulk_start", args=["lead", "give"]), form).status_code == 302
        costs.append(len(queries))
        run = BulkRun.objects.latest("pk")
        assert set(run.rows.values_list("record_id", flat=True)) == set(Lead.objects.values_list("pk", flat=True))
        assert run.n_rows == first + n == run.rows.filter(state="waiting").count()
    assert costs[0] == costs[1]
    done = running.run(run, door=Door.JOB, at=MONDAY + timedelta(days=20))
    assert (done.n_done, done.n_refused, done.state) == (12, 0, "done")
    done = running.undo(running.ask_undo(done, person=cast.ruth, at=MONDAY + timedelta(days=20)), door=Door.JOB, at=MONDAY + timedelta(days=20))
    assert (done.n_done, done.n_undone, done.state) == (12, 12, "undone")


def test_nothing_that_fits_is_nothing_chosen(cast: Cast) -> None:
    lead_of(cast)
    answer = signed_in(cast.ruth).get(reverse("bulk_start", args=["lead", "give"]), {"everything": "1", "state": "q=nobody+is+called+so"})
    assert answer.status_code == 302
    with pytest.raises(running.NothingChosen):
        running.start(verbs()["lead", "give"], Lead.objects.none(), said={}, person=cast.ruth, at=MONDAY)
    assert not BulkRun.objects.exists()


def test_the_counts_of_a_batch_are_added_and_the_rows_of_the_run_are_not_counted_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_BATCH", 2)
    some = [lead_of(cast, nth) for nth in range(5)]
    leads.lose(some[1], reason="too early", by=By(cast.ruth, Door.WEB), at=MONDAY + timedelta(days=1))
    run = running.start(verbs()["lead", "recycle"], [one.pk for one in some], said={"because": "no_budget"}, person=cast.ruth, at=MONDAY)
    told: list[tuple[int, int]] = []
    goes_on = running._goes_on

    def heard(one: BulkRun, state: Any) -> bool:
        one.refresh_from_db()
        told.append((one.n_done, one.n_refused))
        return goes_on(one, state)

    monkeypatch.setattr(running, "_goes_on", heard)
    run = running.run(run, door=Door.JOB, at=MONDAY + timedelta(days=20))
    assert told == [(0, 0), (1, 1), (3, 1), (4, 1)]
    assert (run.n_done, run.n_refused) == (4, 1)
