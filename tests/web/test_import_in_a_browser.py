"""A new user brings a whole CRM through the pages: proposals are agreed to, questions answered, all rehearsed, imported, and taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils.timezone import now

from tasuki.core.audit import By, Door
from tasuki.core.imports import running, sets, undoing
from tasuki.core.imports.sets import ImportSet
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.sales.opportunities import Opportunity
from tests.cast import Cast, assemble
from tests.web.browsing import PHONE, violations
from tests.web.test_in_a_browser import signed_in

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LATER = datetime(2026, 11, 1, tzinfo=UTC)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.long, pytest.mark.django_db(transaction=True)]
with_data = pytest.mark.skipif(not DATA.exists(), reason="the public data sets (../shared/data) are not on this machine")


@pytest.fixture
def house() -> Cast:
    return assemble()


def brought(page: Any, live_server: Any, files: list[Path]) -> ImportSet:
    page.goto(live_server.url + reverse("import_new"))
    page.set_input_files("[name=file]", [str(file) for file in files])
    page.click("main form button.btn-fill")
    page.wait_for_url("**/imports/**")
    return ImportSet.objects.get()


def agreed(page: Any, live_server: Any, *, pk: int, answers: dict[str, str], **constants: str) -> None:
    """Take each proposed answer; where there is none, the one that is given for the words of the question. Then keep.

    `constants` are values for fields whose cell is empty.
    """
    page.goto(live_server.url + reverse("import_file", args=[pk]))
    selects = page.locator("select[name^=answer-]")
    for at in range(selects.count()):
        select = selects.nth(at)
        proposed = [option for option in select.locator("option").all() if "proposed" in option.inner_text()]
        question = page.locator(f"label[for=answer-{at}]").inner_text()
        answer = next((answer for words, answer in answers.items() if words in question), None)
        select.select_option(answer if answer is not None else proposed[0].get_attribute("value"))
    for field, value in constants.items():
        page.fill(f"#constant-{field}", value)
    for box in page.locator("input[name^=people-]").all():
        box.check()
    with page.expect_navigation():
        page.get_by_role("button", name="Keep and go on").click()
    assert "/imports/sets/" in page.url, page.locator("main").inner_text()[:2_000]


def rehearsed_and_imported(page: Any, made: ImportSet) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Dry run of all").click()
    running.rehearse_together([file.rehearsal for file in sets.in_order(made) if file.rehearsal], at=LATER)
    page.reload()
    assert Lead.objects.count() == Account.objects.count() == 0
    with page.expect_navigation():
        page.get_by_role("button", name="Import all").click()
    sets.run_all(made, at=LATER)
    page.goto(page.url.partition("/imports")[0] + reverse("import_set", args=[made.pk]))


@with_data
def test_the_maven_crm_comes_in_through_the_pages(page: Any, live_server: Any, house: Cast) -> None:
    signed_in(page, live_server, house)
    made = brought(page, live_server, [DATA / "maven-crm" / f"{name}.csv" for name in ("sales_pipeline", "accounts", "products")])
    for file in sets.in_order(made):
        agreed(page, live_server, pk=file.pk, answers={})
        assert violations(page) == []
    rehearsed_and_imported(page, made)
    assert [(file.noun, file.run.n_created, file.run.n_rejected) for file in sets.in_order(made) if file.run] == [
        ("products", 7, 0),
        ("accounts", 85, 0),
        ("opportunities", 8_800, 0),
    ]
    assert (Opportunity.objects.filter(won_at__isnull=False).count(), Opportunity.objects.exclude(lost_because="").count()) == (4_238, 2_473)
    assert Opportunity.objects.filter(lead__account__isnull=True).count() == 1_425
    assert not Opportunity.objects.filter(product__isnull=True).exists()
    assert not Account.objects.filter(industry="technolgy").exists()
    assert Account.objects.filter(country="PH").count() == 1
    assert Account.objects.filter(parent__isnull=False).count() == 15
    assert violations(page) == []
    page.get_by_text("Undo the whole import").first.click()
    page.get_by_role("button", name="Undo the whole import").click()
    page.get_by_text("Being undone: 0 of 3 files").wait_for()
    # Eight thousand deals go back in the background.
    undoing.take_back([file.run_id for file in sets.in_order(made) if file.run_id], by=By(house.ada, Door.JOB), at=now())
    page.locator("p[role=status]", has_text="Being undone").wait_for(state="detached", timeout=60_000)
    assert (Opportunity.objects.count(), Account.objects.count(), Product.objects.count()) == (0, 0, 0)


@with_data
def test_the_zoho_crm_comes_in_through_the_pages_with_its_keys(page: Any, live_server: Any, house: Cast) -> None:
    signed_in(page, live_server, house)
    made = brought(page, live_server, [DATA / "zoho-crm" / f"{name}.csv" for name in ("Potentials", "Leads", "Contacts", "Accounts", "Products")])
    answers = {"Of which country": "US", "Lost Lead": "nurturing", "Junk Lead": "captured", "In which currency": "USD"}
    for file in sets.in_order(made):
        # Three accounts have a number, but no name.
        agreed(page, live_server, pk=file.pk, answers=answers, **({"name": "(no name)"} if file.noun == "accounts" else {}))
    rehearsed_and_imported(page, made)
    counts = {file.noun: (file.run.n_created, file.run.n_skipped, file.run.n_rejected) for file in sets.in_order(made) if file.run}
    assert counts["accounts"] == (2_229, 0, 0)
    assert counts["contacts"] == (1_265, 0, 0)
    assert counts["leads"] == (3_900, 0, 0)
    assert counts["opportunities"] == (3_632, 0, 0)
    assert Contact.objects.filter(account__reference="386", family_name="Tucker").exists()
    assert Opportunity.objects.exclude(lead__reference="").count() == 3_632
    assert Opportunity.objects.filter(won_at__isnull=False).count() == 1_425
    assert not Opportunity.objects.filter(won_at__lt=F("lead__opened_at")).exists()
    dearest = Opportunity.objects.get(name="Lewis, James", lead__reference="1832")
    assert (str(dearest.amount), dearest.currency) == ("22700.00", "USD")


def test_the_steps_by_keyboard_on_a_phone_in_three_languages(page: Any, live_server: Any, house: Cast, *, tmp_path: Path) -> None:
    file = tmp_path / "거래처.csv"
    file.write_text("회사명,업종,국가,등록일\n가온증권,증권,대한민국,03/04/2024\n라온물산,무역,일본,05/06/2024\n", encoding="cp949")
    for language in ("en", "ko", "ja"):
        signed_in(page, live_server, house, language=language)
        ImportSet.objects.all().delete()
        made = brought(page, live_server, [file])
        page.set_viewport_size(PHONE)
        for address in (reverse("import_file", args=[made.files.get().pk]), reverse("import_set", args=[made.pk])):
            page.goto(live_server.url + address)
            assert page.get_attribute("html", "lang") == language
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, address
            assert violations(page) == []
        page.context.clear_cookies()
    page.set_viewport_size({"width": 1440, "height": 900})
    signed_in(page, live_server, house)
    page.goto(live_server.url + reverse("import_file", args=[ImportSet.objects.get().files.get().pk]))
    page.focus("#save_as")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    page.wait_for_url("**" + reverse("import_set", args=[ImportSet.objects.get().pk]))
