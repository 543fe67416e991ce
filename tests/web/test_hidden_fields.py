"""A field that is hidden from somebody is nowhere: on no page, in no list, order, filter, search, export, glance or view of others."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from tasuki.core import abilities
from tasuki.core.abilities import SENSITIVE_FIELDS, Ability, Role
from tasuki.core.audit import By, Door
from tasuki.core.custom_fields.definitions import CustomField
from tasuki.core.search.nouns import searched
from tasuki.crm import records
from tasuki.web import formats
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.spec import Spec
from tests.cast import MONDAY, Cast
from tests.web import town as towns
from tests.web.office import deal_of, signed_in
from tests.web.test_every_page import ada_of, only_takes_a_form
from tests.web.test_every_page import addresses as pages
from tests.web.test_every_table import LISTS
from tests.web.town import Town

pytestmark = pytest.mark.django_db


def money(amount: int) -> set[str]:
    """An amount as it is written anywhere, also added up with its like."""
    found = set()
    for times in range(1, 7):
        each = Decimal(amount * times)
        found |= {formats.money(each, "KRW"), formats.money_in_full(each, "KRW"), f"{each}", f"{each:,}", str(each / 100)}
    return found


def marks() -> dict[Ability, set[str]]:
    """What the town holds in the fields that an ability opens, as it would be read on a page."""
    return {
        Ability.SEE_CONTACT_DETAILS: {towns.ADDRESS, *{towns.TELEPHONE.replace(" ", sign) for sign in (" ", "-", "")}, "10-4747-5", "1047475"},
        Ability.SEE_AMOUNTS: money(towns.AMOUNT) | money(towns.PRICE),
        Ability.MANAGE_PEOPLE: {towns.ILLNESS},
    }


def everything(client: Client, town: Town, *, asked: list[str]) -> Iterator[tuple[str, str]]:
    """Every place where rows are shown, also the lists when something is `asked` of them, and what stands there."""
    columns = {noun: _columns(client, noun) for noun in SPECS}
    states = [f"{reverse(LISTS[noun])}?{question}" for noun in SPECS for question in (f"columns={columns[noun]}", *(f"q={word}" for word in asked))]
    for address in [*pages(town), *states, f"{reverse('leads')}?view={town.view.pk}"]:
        answer = client.get(address)
        text = b"".join(answer)
        if answer.status_code == 405:
            only_takes_a_form(address)
        if answer.status_code == 200:
            yield address, text.decode("utf-8", "replace")
    for noun in SPECS:
        for form in ("csv", "xlsx"):
            answer = client.get(reverse("export", args=[noun]), {"form": form, "columns": columns[noun]})
            content = b"".join(answer)
            if answer.status_code == 403 and client.get(reverse(LISTS[noun])).status_code == 403:
                continue
            assert answer.status_code == 200, noun
            if form == "xlsx":
                sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
                yield f"{noun}.xlsx", "\n".join(str(cell).removesuffix(".0") for row in sheet for cell in row)
            else:
                yield f"{noun}.csv", content.decode("utf-8-sig")


def _columns(client: Client, noun: str) -> str:
    """The columns that the list offers this reader."""
    text = client.get(reverse(LISTS[noun])).content.decode()
    return ",".join(re.findall(r'name="columns" value="([^"]+)"', text))


def _found(client: Client, town: Town, *kinds: set[str]) -> dict[str, set[str]]:
    """By place: which of the words of any kind are said there."""
    words = set().union(*kinds)
    # What was asked for stands in the field again: that is no leak.
    found = {}
    for place, text in everything(client, town, asked=[word for kind in kinds for word in sorted(kind)[:2]]):
        read = text.replace(f'value="{place.partition("&q=")[2]}"', "") if "&q=" in place else text
        if said := {word for word in words if word in _without_links(read, place)}:
            found[place] = said
    return found


def _without_links(text: str, place: str) -> str:
    """A list that was searched carries the words on in its links."""
    return re.sub(r'(href|value)="[^"]*"', "", text) if "q=" in place else text


@pytest.mark.slow
def test_what_an_ability_opens_is_shown_to_who_has_it_and_is_nowhere_for_who_has_not(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """One walk with all of the abilities, and one without each of them."""
    sensitive, said = {ability for fields in SENSITIVE_FIELDS.values() for ability in fields.values()}, marks()
    assert set(said) == sensitive, "say in `marks` what the town holds in the fields of each ability"
    town, client = towns.settled(cast), ada_of(cast)
    shown = _found(client, town, *said.values())
    for ability, words in said.items():
        assert sum(bool(found & words) for found in shown.values()) >= (1 if ability == Ability.MANAGE_PEOPLE else 4), (ability, shown)
        with monkeypatch.context() as without:
            without.setitem(abilities.ABILITIES, ability, frozenset())
            assert not _found(client, town, words), ability


@pytest.mark.slow
def test_a_custom_field_hidden_from_ones_roles_is_nowhere(cast: Cast) -> None:
    town = towns.settled(cast)
    labels = {f">{field.label}<" for field in CustomField.objects.all()}
    client, words = signed_in(cast.ruth), {towns.CUSTOM, *labels}
    assert len(_found(client, town, words)) >= 10
    CustomField.objects.update(hidden_from=[Role.MANAGER])
    assert not _found(client, town, words)


@pytest.mark.parametrize("noun", sorted(SPECS))
def test_a_hidden_field_is_no_column_no_order_and_no_question(cast: Cast, noun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, client = SPECS[noun], ada_of(cast)
    hidden = [column for column in spec.columns if column.sensitive]
    asked = [field for field in spec.fields if field.sensitive]
    for ability in {ability for fields in SENSITIVE_FIELDS.values() for ability in fields.values()}:
        monkeypatch.setitem(abilities.ABILITIES, ability, frozenset())
    for column in hidden:
        assert client.get(reverse(spec.name), {"columns": f"{spec.columns[0].key},{column.key}"}).status_code == 400
        assert client.get(reverse(spec.name), {"sort": column.key}).status_code == 400
    for field in asked:
        for question in (f"{field.key}:filled", f"any({field.key}:filled)", f"none(any({field.key}:empty))"):
            assert client.get(reverse(spec.name), {"filter": question}).status_code == 422, question
        assert f"add={field.key}" not in client.get(reverse(spec.name)).content.decode()


@pytest.mark.parametrize("noun", sorted(SPECS))
def test_every_path_that_touches_a_sensitive_field_says_so(noun: str) -> None:
    """Also through a related record: a lead's contact, a deal's account."""
    spec = SPECS[noun]
    untold = [path for path, told in _paths(spec) if not told and _touches(_model(spec), path)]
    assert not untold, f"{noun}: give these `sensitive`, so that whoever must not see them cannot: {untold}"


def _paths(spec: Spec) -> Iterator[tuple[str, str]]:
    for column in spec.columns:
        yield from ((path, column.sensitive) for path in (column.sort, column.plain) if path)
    for field in spec.fields:
        yield "__".join(step for step in (field.through, field.path) if step), field.sensitive
    # What is looked at whole is looked at for everybody; of what the index holds apart for some, the next test speaks.
    yield from ((path, "") for path in (searched()[spec.noun].exact if spec.found is None else ()))


@pytest.mark.parametrize("text", ["sy@haesol.example", "10 4747 5333"])
def test_nobody_finds_a_record_by_a_field_that_is_hidden_from_them(cast: Cast, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = deal_of(cast).lead.contact
    assert contact is not None
    reach = {"emails": ["sy@haesol.example"], "phones": ["+82 10 4747 5333"]}
    records.change_contact(contact, said=reach, by=By(cast.ada, Door.WEB), at=MONDAY + timedelta(days=2))
    client = signed_in(cast.ada)

    def found() -> list[bool]:
        return ["한서윤" in client.get(reverse(listing), {"q": text}).content.decode() for listing in ("contacts", "leads", "search")]

    assert found() == [True, True, True]
    monkeypatch.setitem(abilities.ABILITIES, Ability.SEE_CONTACT_DETAILS, frozenset())
    assert found() == [False, False, False]


def _model(spec: Spec) -> type[Model]:
    return spec.fields.model


def _touches(model: type[Model], path: str) -> bool:
    for step in path.split("__"):
        noun = str(model._meta.model_name)
        if step in SENSITIVE_FIELDS.get(noun, {}) or step in {f"main_{name.rstrip('s')}" for name in SENSITIVE_FIELDS.get(noun, {})}:
            return True
        try:
            field = model._meta.get_field(step)
        except FieldDoesNotExist:
            return False
        if field.related_model is None or isinstance(field.related_model, str):
            return False
        model = field.related_model
    return False
