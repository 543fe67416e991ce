"""A field that is hidden from somebody is no column, no order and no question, also by way of a related record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.urls import reverse

from tasuki.core import abilities
from tasuki.core.abilities import SENSITIVE_FIELDS, Ability
from tasuki.core.audit import By, Door
from tasuki.core.search.nouns import searched
from tasuki.crm import records
from tasuki.web.lists.nouns import SPECS
from tasuki.web.lists.spec import Spec
from tests.cast import MONDAY, Cast
from tests.web.office import deal_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("noun", sorted(SPECS))
def test_a_hidden_field_is_no_column_no_order_and_no_question(cast: Cast, noun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, client = SPECS[noun], signed_in(cast.ada)
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
    yield from ((path, "") for path in searched()[spec.noun].exact)


@pytest.mark.parametrize("text", ["sy@haesol.example", "10 4747 5333"])
def test_nobody_finds_a_record_by_a_field_that_is_hidden_from_them(cast: Cast, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = deal_of(cast).lead.contact
    assert contact is not None
    reach = {"emails": ["sy@haesol.example"], "phones": ["+82 10 4747 5333"]}
    records.change_contact(contact, said=reach, by=By(cast.ada, Door.WEB), at=MONDAY + timedelta(days=2))
    client = signed_in(cast.ada)

    def found() -> list[bool]:
        return ["한서윤" in client.get(reverse(listing), {"q": text}).content.decode() for listing in ("contacts", "leads")]

    assert found() == [True, True]
    monkeypatch.setitem(abilities.ABILITIES, Ability.SEE_CONTACT_DETAILS, frozenset())
    assert found() == [False, False]


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
