"""Custom fields: made and changed by those who may, filled with what fits them, seen by those they are not hidden from."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection

from tasuki.core.abilities import Role
from tasuki.core.audit import AuditEntry, By, Door
from tasuki.core.custom_fields import defining, definitions, filtering, indexing, values, writing
from tasuki.core.custom_fields.defining import CannotHideFromEditors, ChoicesWrong, FieldLabelTaken, FieldLabelWrong, TooManyFields, Wording
from tasuki.core.custom_fields.definitions import CustomChoice, CustomField, FieldKind, FieldNoun
from tasuki.core.custom_fields.values import CustomValueWrong
from tasuki.core.custom_fields.writing import NoSuchField
from tasuki.core.errors import Forbidden
from tasuki.core.filters import binding, compiling, evaluating, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.filters.fields import Fields
from tasuki.core.money import Money
from tasuki.core.people import User
from tasuki.crm import records
from tasuki.crm.accounts import Account
from tests import database
from tests.cast import MONDAY, SET_UP, Cast

pytestmark = pytest.mark.django_db
ALL_KINDS = list(FieldKind)


def made(kind: FieldKind, label: str = "", *, noun: FieldNoun = FieldNoun.ACCOUNT, choices: tuple[str, ...] = ("Gold", "Silver"), **more: Any) -> CustomField:
    wording = Wording(label or f"Our {kind.value}", **more)
    return defining.define(noun, kind=kind, wording=wording, choices=choices if kind in definitions.WITH_CHOICES else (), by=SET_UP, at=MONDAY)


def firm(cast: Cast, name: str = "Gaon Securities") -> Account:
    return records.add_account(records.Company(name), owner=cast.ivo, team=cast.inside_sales, by=SET_UP, at=MONDAY)


def web(person: User) -> By:
    return By(person, Door.WEB)


def key_of(field: CustomField, label: str) -> str:
    return next(choice.key for choice in field.choices() if choice.label == label)


def some_value(field: CustomField, cast: Cast, account: Account) -> Any:
    return {
        FieldKind.TEXT: "north wing",
        FieldKind.LONG_TEXT: "one\ntwo",
        FieldKind.NUMBER: Decimal("12.5"),
        FieldKind.MONEY: Money(Decimal(1200), "USD"),
        FieldKind.DATE: date(2026, 3, 2),
        FieldKind.CHOICE: key_of(field, "Gold") if field.kind == FieldKind.CHOICE else "",
        FieldKind.CHOICES: [key_of(field, "Gold")] if field.kind == FieldKind.CHOICES else [],
        FieldKind.PERSON: cast.saori.pk,
        FieldKind.ACCOUNT: account.pk,
        FieldKind.CHECKBOX: True,
        FieldKind.URL: "https://gaon.example/board",
    }[FieldKind(field.kind)]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_value_of_each_kind_is_kept_read_again_and_taken_away(cast: Cast, kind: FieldKind) -> None:
    account, field = firm(cast), made(kind)
    value = some_value(field, cast, account)
    account = writing.write(account, said={field.pk: value}, by=web(cast.ivo), at=MONDAY)
    assert values.of_record(field, account) == value
    entry = AuditEntry.objects.of(account).newest_first()[0]
    assert list(entry.changes) == [field.key]
    before, after = entry.changes[field.key]
    assert before is None
    assert after not in (None, "", [])
    n_entries = AuditEntry.objects.of(account).count()
    writing.write(account, said={field.pk: value}, by=web(cast.ivo), at=MONDAY)
    assert AuditEntry.objects.of(account).count() == n_entries, "the same value again is no change"
    account = writing.write(account, said={field.pk: None}, by=web(cast.ivo), at=MONDAY)
    assert account.custom == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldKind.TEXT, "x" * 301),
        (FieldKind.TEXT, "\ud800"),
        (FieldKind.TEXT, "two\nlines"),
        (FieldKind.LONG_TEXT, "x" * 20_001),
        (FieldKind.LONG_TEXT, "a\x00b"),
        (FieldKind.NUMBER, Decimal("NaN")),
        (FieldKind.NUMBER, Decimal("Infinity")),
        (FieldKind.NUMBER, Decimal("1e400")),
        (FieldKind.NUMBER, Decimal("0.12345678")),
        (FieldKind.MONEY, Money(Decimal(10) ** 16, "KRW")),
        (FieldKind.MONEY, Money(Decimal(1), "won")),
        (FieldKind.CHOICE, "0"),
        (FieldKind.CHOICE, "'; DROP TABLE core_customfield; --"),
        (FieldKind.CHOICES, ["0"]),
        (FieldKind.PERSON, 999_999),
        (FieldKind.PERSON, -1),
        (FieldKind.ACCOUNT, 999_999),
        (FieldKind.ACCOUNT, 2**70),
        (FieldKind.URL, "javascript:alert(1)"),
        (FieldKind.URL, "JavaScript://gaon.example/%0aalert(1)"),
        (FieldKind.URL, "data:text/html,<script>alert(1)</script>"),
        (FieldKind.URL, "https://"),
        (FieldKind.URL, "https://[gaon"),
        (FieldKind.URL, "gaon.example"),
        (FieldKind.URL, "https://gaon.example/" + "x" * 1_000),
    ],
)
def test_what_does_not_fit_its_kind_is_refused_with_a_sentence_and_nothing_is_lost(cast: Cast, kind: FieldKind, value: Any) -> None:
    account, field = firm(cast), made(kind)
    good = some_value(field, cast, account)
    writing.write(account, said={field.pk: good}, by=SET_UP, at=MONDAY)
    with pytest.raises(CustomValueWrong) as refusal:
        writing.write(account, said={field.pk: value}, by=web(cast.ivo), at=MONDAY)
    assert field.label in str(refusal.value)
    account.refresh_from_db()
    assert values.of_record(field, account) == good


def test_a_choice_of_another_field_is_none_of_this_one(cast: Cast) -> None:
    account, tier, region = firm(cast), made(FieldKind.CHOICE, "Tier"), made(FieldKind.CHOICE, "Region", choices=("North",))
    with pytest.raises(CustomValueWrong, match="none of its choices"):
        writing.write(account, said={tier.pk: key_of(region, "North")}, by=web(cast.ivo), at=MONDAY)


def test_a_person_names_only_accounts_that_they_see(cast: Cast) -> None:
    mine, field = firm(cast), made(FieldKind.ACCOUNT, "Partner")
    secret = records.add_account(records.Company("Secret Ltd."), owner=cast.saori, team=cast.field_sales, by=SET_UP, at=MONDAY)
    with pytest.raises(CustomValueWrong, match="no such account"):
        writing.write(mine, said={field.pk: secret.pk}, by=web(cast.ivo), at=MONDAY)
    writing.write(mine, said={field.pk: secret.pk}, by=web(cast.ada), at=MONDAY)


def test_a_renamed_choice_is_renamed_everywhere_and_a_retired_one_stays_where_it_is(cast: Cast) -> None:
    account, other, field = firm(cast), firm(cast, "Finch"), made(FieldKind.CHOICE, "Tier")
    gold = field.choice_set.get(label="Gold")
    writing.write(account, said={field.pk: str(gold.pk)}, by=SET_UP, at=MONDAY)
    defining.rename_choice(gold, label="Platinum", by=web(cast.ada), at=MONDAY)
    defining.retire_choice(gold, by=web(cast.ada), at=MONDAY)
    account.refresh_from_db()
    assert values.plain(field, account.custom[field.slot]) == "Platinum"
    writing.write(account, said={field.pk: str(gold.pk)}, by=web(cast.ivo), at=MONDAY)
    with pytest.raises(CustomValueWrong, match="not offered any more"):
        writing.write(other, said={field.pk: str(gold.pk)}, by=web(cast.ivo), at=MONDAY)
    defining.offer_choice(gold, by=web(cast.ada), at=MONDAY)
    writing.write(other, said={field.pk: str(gold.pk)}, by=web(cast.ivo), at=MONDAY)


def test_choices_are_told_apart_kept_in_order_and_never_too_many(cast: Cast) -> None:
    field = made(FieldKind.CHOICE, "Tier")
    silver = field.choice_set.get(label="Silver")
    defining.move_choice(silver, up=True, by=web(cast.ada), at=MONDAY)
    defining.move_choice(silver, up=True, by=web(cast.ada), at=MONDAY)
    assert [choice.label for choice in field.choices()] == ["Silver", "Gold"]
    for labels in (["gold"], ["x" * 81], ["a\ud800"], [f"c{n}" for n in range(501)]):
        with pytest.raises(ChoicesWrong):
            defining.add_choices(field, labels=labels, by=web(cast.ada), at=MONDAY)
    with pytest.raises(ChoicesWrong):
        defining.rename_choice(silver, label="GOLD", by=web(cast.ada), at=MONDAY)
    with pytest.raises(ChoicesWrong):
        made(FieldKind.CHOICES, "Regions", choices=())
    assert CustomChoice.objects.filter(field=field).count() == 2


@pytest.mark.parametrize("label", ["", "   ", "x" * 61, "a\x00b", "\udfff"])
def test_a_field_needs_a_name(cast: Cast, label: str) -> None:
    with pytest.raises(FieldLabelWrong):
        defining.define(FieldNoun.LEAD, kind=FieldKind.TEXT, wording=Wording(label), by=web(cast.ada), at=MONDAY)


def test_sql_in_a_name_is_a_name(cast: Cast) -> None:
    account, field = firm(cast), made(FieldKind.NUMBER, "n'); DROP TABLE crm_account; --")
    writing.write(account, said={field.pk: Decimal(3)}, by=SET_UP, at=MONDAY)
    assert found(field, f"{field.key}:over(2)", cast) == {account.pk}


def test_two_fields_of_a_noun_are_not_called_the_same_and_an_archived_one_gives_its_name_free(cast: Cast) -> None:
    first = made(FieldKind.TEXT, "Budget cycle")
    with pytest.raises(FieldLabelTaken):
        made(FieldKind.DATE, "budget CYCLE")
    made(FieldKind.TEXT, "Budget cycle", noun=FieldNoun.LEAD)
    defining.archive(first, by=web(cast.ada), at=MONDAY)
    made(FieldKind.DATE, "Budget cycle")
    with pytest.raises(FieldLabelTaken):
        defining.restore(first, by=web(cast.ada), at=MONDAY)


def test_an_archived_field_takes_no_values_and_comes_back_with_the_old_ones(cast: Cast) -> None:
    account, field = firm(cast), made(FieldKind.TEXT, "Wing")
    writing.write(account, said={field.pk: "north"}, by=SET_UP, at=MONDAY)
    defining.archive(field, by=web(cast.ada), at=MONDAY)
    assert definitions.in_use("account") == []
    with pytest.raises(NoSuchField):
        writing.write(account, said={field.pk: "south"}, by=web(cast.ivo), at=MONDAY)
    field = defining.restore(field, by=web(cast.ada), at=MONDAY)
    account.refresh_from_db()
    assert values.of_record(field, account) == "north"


def test_only_who_may_edit_fields_makes_and_changes_them(cast: Cast) -> None:
    field = made(FieldKind.CHOICE, "Tier")
    gold = field.choice_set.get(label="Gold")
    for person in (cast.ruth, cast.ivo, cast.tomas):
        by = web(person)
        for verb in (
            lambda by=by: defining.define(FieldNoun.LEAD, kind=FieldKind.TEXT, wording=Wording("A"), by=by, at=MONDAY),
            lambda by=by: defining.change(field, wording=Wording("B"), by=by, at=MONDAY),
            lambda by=by: defining.archive(field, by=by, at=MONDAY),
            lambda by=by: defining.restore(field, by=by, at=MONDAY),
            lambda by=by: defining.move(field, up=True, by=by, at=MONDAY),
            lambda by=by: defining.add_choices(field, labels=["C"], by=by, at=MONDAY),
            lambda by=by: defining.rename_choice(gold, label="D", by=by, at=MONDAY),
            lambda by=by: defining.retire_choice(gold, by=by, at=MONDAY),
            lambda by=by: defining.move_choice(gold, up=False, by=by, at=MONDAY),
        ):
            with pytest.raises(Forbidden):
                verb()
    assert (field.label, [choice.label for choice in field.choices()]) == ("Tier", ["Gold", "Silver"])


def test_a_field_hidden_from_a_role_is_neither_seen_nor_written_by_it(cast: Cast) -> None:
    account, field = firm(cast), made(FieldKind.TEXT, "Gossip", hidden_from=[Role.INSIDE_SELLER])
    assert field not in definitions.seen_by(cast.ivo, "account")
    assert field in definitions.seen_by(cast.saori, "account")
    assert definitions.seen_by(cast.tomas, "account") == []
    with pytest.raises(NoSuchField):
        writing.write(account, said={field.pk: "x"}, by=web(cast.ivo), at=MONDAY)
    with pytest.raises(CannotHideFromEditors):
        made(FieldKind.TEXT, "Hidden from Ada", hidden_from=[Role.ADMINISTRATOR])


def test_fields_are_called_in_the_readers_language_and_moved_among_each_other(cast: Cast) -> None:
    from django.utils import translation

    first, second = made(FieldKind.TEXT, "Wing", label_ko="동", label_ja="棟"), made(FieldKind.TEXT, "Floor")
    with translation.override("ko"):
        assert first.name == "동"
    with translation.override("ja"):
        assert (first.name, second.name) == ("棟", "Floor")
    defining.move(second, up=True, by=web(cast.ada), at=MONDAY)
    assert definitions.in_use("account") == [second, first]


def test_two_hundred_fields_are_read_by_one_query_and_one_more_is_refused(cast: Cast, django_assert_num_queries: Any) -> None:
    CustomField.objects.bulk_create(
        CustomField(noun="account", kind=FieldKind.CHOICE, label=f"Field {n}", position=n, created_at=MONDAY) for n in range(defining.MOST_FIELDS)
    )
    CustomChoice.objects.bulk_create(CustomChoice(field=field, label="Yes", position=1) for field in CustomField.objects.all())
    definitions.seen_by(cast.ivo, "account")
    with django_assert_num_queries(1):
        fields = definitions.seen_by(cast.ivo, "account")
        assert [choice.label for field in fields for choice in field.choices()] == ["Yes"] * 200
    with pytest.raises(TooManyFields):
        made(FieldKind.TEXT, "One more")


def found(field: CustomField, filter_: str, cast: Cast) -> set[int]:
    """The accounts that a filter over the field means, asked both ways."""
    meaning = binding.bind(sentences.read(filter_), Fields(Account, [filtering.asked(field)]), asker=asker(cast.ada, at=MONDAY))
    rows = compiling.narrowed(Account.objects.all(), meaning)
    ids = set(rows.values_list("pk", flat=True))
    assert ids == {row.pk for row in Account.objects.all() if evaluating.holds(meaning, row)}
    return ids


def test_a_field_is_asked_by_its_kind(cast: Cast) -> None:
    full, empty = firm(cast), firm(cast, "Finch")
    for kind, asked in (
        (FieldKind.TEXT, "contains(NORTH)"),
        (FieldKind.LONG_TEXT, "contains(two)"),
        (FieldKind.URL, "contains(gaon)"),
        (FieldKind.NUMBER, 'between(12, "12.50")'),
        (FieldKind.MONEY, "filled"),
        (FieldKind.DATE, "on(2026-03-02)"),
        (FieldKind.PERSON, f"is({cast.saori.pk})"),
        (FieldKind.ACCOUNT, f"is({full.pk})"),
        (FieldKind.CHECKBOX, "yes"),
    ):
        field = made(kind)
        writing.write(full, said={field.pk: some_value(field, cast, full)}, by=SET_UP, at=MONDAY)
        assert found(field, f"{field.key}:{asked}", cast) == {full.pk}, kind
        assert found(field, f"none({field.key}:{asked})", cast) == {empty.pk}, kind
    tier, regions = made(FieldKind.CHOICE, "Tier"), made(FieldKind.CHOICES, "Regions")
    writing.write(full, said={tier.pk: key_of(tier, "Gold"), regions.pk: [key_of(regions, "Gold"), key_of(regions, "Silver")]}, by=SET_UP, at=MONDAY)
    assert found(tier, f"{tier.key}:is({key_of(tier, 'Gold')})", cast) == {full.pk}
    assert found(tier, f"{tier.key}:is_not({key_of(tier, 'Gold')})", cast) == {empty.pk}
    assert found(regions, f"{regions.key}:has_all({key_of(regions, 'Gold')}, {key_of(regions, 'Silver')})", cast) == {full.pk}
    assert found(regions, f"{regions.key}:empty", cast) == {empty.pk}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [kind for kind in ALL_KINDS if kind not in (FieldKind.LONG_TEXT, FieldKind.URL)])
def test_a_field_in_use_has_an_index_that_filters_and_orders_use(cast: Cast, kind: FieldKind) -> None:
    account, field = firm(cast), made(kind)
    value = values.encoded(field, some_value(field, cast, account))
    Account.objects.bulk_create(
        Account(
            name=f"Firm {n}",
            folded_name=f"firm {n}",
            team=cast.revenue,
            custom={field.slot: value} if n % 97 == 0 else {},
            created_at=MONDAY,
            updated_at=MONDAY,
        )
        for n in range(4_000)
    )
    indexing.keep_index(field.pk)
    indexing.keep_index(field.pk)
    asked = {
        FieldKind.TEXT: 'is("North Wing")',
        FieldKind.NUMBER: "over(12)",
        FieldKind.MONEY: "filled",
        FieldKind.DATE: "before(2026-04-01)",
        FieldKind.CHOICE: f"is({value})",
        FieldKind.CHOICES: f"has_any({value[0] if isinstance(value, list) else ''})",
        FieldKind.PERSON: f"is({value})",
        FieldKind.ACCOUNT: f"is({value})",
        FieldKind.CHECKBOX: "yes",
    }[kind]
    meaning = binding.bind(sentences.read(f"{field.key}:{asked}"), Fields(Account, [filtering.asked(field)]), asker=asker(cast.ada, at=MONDAY))
    rows = compiling.narrowed(Account.objects.all(), meaning)
    assert f"custom_{field.slot}" in rows.explain(), rows.explain()
    # Where a list has an order of its own, the planner must know that few rows are meant, or it walks all of them in that order.
    if kind in (FieldKind.TEXT, FieldKind.NUMBER, FieldKind.DATE, FieldKind.CHOICE, FieldKind.PERSON):
        n_meant = int(json.loads(rows.explain(format="json"))[0]["Plan"]["Plan Rows"])
        assert n_meant <= 60, "42 of 4,000 are meant"
    if (order := filtering.order(field)) and kind is not FieldKind.CHOICE:  # a choice is walked step by step, each as the filter above
        ordered = Account.objects.annotate(by=order).filter(by__isnull=False).order_by("-by", "-pk")[:51]
        assert f"custom_{field.slot}" in ordered.explain(), ordered.explain()
    defining.archive(field, by=SET_UP, at=MONDAY)
    indexing.keep_index(field.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"custom_{field.slot}"])
        assert cursor.fetchone() == (None,)
        cursor.execute("SELECT count(*) FROM pg_statistic_ext WHERE stxname = %s", [f"custom_{field.slot}"])
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_an_index_that_was_interrupted_is_built_again(cast: Cast) -> None:
    field = made(FieldKind.NUMBER)
    indexing.keep_index(field.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", [f"custom_{field.slot}"])
    indexing.keep_index(field.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f"custom_{field.slot}"])
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_build_at_once(cast: Cast) -> None:
    field = made(FieldKind.NUMBER)
    with psycopg.connect(database.url(connection.settings_dict), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [indexing._LOCK])
        with pytest.raises(indexing.IndexingElsewhere):
            indexing.keep_index(field.pk)
        # A server lets go of what a closed connection held a moment later.
        other.execute("SELECT pg_advisory_unlock(%s)", [indexing._LOCK])
    indexing.keep_index(field.pk)
