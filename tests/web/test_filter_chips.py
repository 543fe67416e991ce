"""The chips of a filter: records are asked for by their names, and every clause opens again as it was written."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tasuki.core.audit import By, Door
from tasuki.core.custom_fields import defining
from tasuki.core.custom_fields.defining import Wording
from tasuki.core.custom_fields.definitions import FieldKind, FieldNoun
from tasuki.core.filters import binding, sentences
from tasuki.core.filters.askers import asker
from tasuki.core.filters.binding import Meaning
from tasuki.core.filters.fields import Field, Kind, Operator, how_many_values
from tasuki.core.filters.sentences import Clause, Group
from tasuki.core.organisation import the_organisation
from tasuki.core.people import User
from tasuki.crm import records, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.records import Company
from tasuki.crm.tasks import Task
from tasuki.web.lists import nouns
from tasuki.web.lists.custom_columns import spec_of
from tasuki.web.lists.spec import Spec
from tests.cast import MONDAY, SET_UP, Cast
from tests.web.office import lead_of, signed_in

pytestmark = pytest.mark.django_db


def company(cast: Cast, name: str, *, owner: User | None = None, **known: Any) -> Account:
    owner = owner or cast.ivo
    assert owner.team
    return records.add_account(Company(name, **known), owner=owner, team=owner.team, another="one more", by=SET_UP, at=MONDAY)


def sent(client: Client, noun: str = "leads", **said: Any) -> str:
    """Where the form of a chip leads."""
    answer = client.get(reverse(noun), {"field": "account", "op": "is", "at": 1, **said})
    assert answer.status_code == 302
    return html.unescape(answer["Location"])


def shown(client: Client, address: str, noun: str = "leads") -> str:
    return html.unescape(client.get(reverse(noun) + address).content.decode())


def words_of(page: str) -> list[str]:
    """What the chips of a page say."""
    return [" ".join(re.sub("<[^>]+>", " ", said).split()) for said in re.findall(r'<summary class="clause">(.*?)</summary>', page)]


def test_an_account_is_asked_for_by_its_name_and_read_by_it(cast: Cast) -> None:
    lead, _other = lead_of(cast, 1), lead_of(cast, 2)
    ivo = signed_in(cast.ivo)
    page = shown(ivo, "?add=account")
    assert f'data-href="{reverse("account_names")}"' in page
    address = sent(ivo, named="firm 1 ltd.")
    assert f"account%3Ais%28{lead.account_id}%29" in address
    page = shown(ivo, address)
    assert "account is Firm 1 Ltd." in words_of(page)
    assert f'name="v" value="{lead.account_id}" checked' in page
    assert re.findall(r'class="sheet-name" href="/leads/(\d+)"', page) == [str(lead.pk)]
    assert f"account%3Ais%28{lead.account_id}%29" in sent(ivo, named=f"#{lead.account_id}"), "what a script chose is sent by its number"


def test_every_record_that_is_named_has_a_name_field_and_is_read_by_name(cast: Cast) -> None:
    """In each list, the fields of records that are too many to be ticked."""
    lead, ruth = lead_of(cast), signed_in(cast.ruth)
    account = lead.account
    assert account is not None
    cases = [("leads", "account", account.pk, account.name), ("contacts", "account", account.pk, account.name)]
    cases += [("opportunities", "account", account.pk, account.name), ("tasks", "account", account.pk, account.name)]
    cases += [(noun, "contact", lead.contact_id or 0, f"{lead.title} · {account.name}") for noun in ("leads", "tasks")]
    cases += [("accounts", "parent", account.pk, account.name), ("tasks", "lead", lead.pk, f"{lead.title} · {account.name}")]
    where = {"lead": "leads", "contact": "contacts"}
    for noun, field, pk, name in cases:
        page = shown(ruth, f"?filter={field}:is({pk})", noun)
        assert any(words.endswith(f"is {name}") for words in words_of(page)), (noun, field, words_of(page))
        assert re.search(rf'data-href="/{where.get(field, "accounts")}/names"', page), (noun, field)
    unnamed = [field.key for spec in ALL for field in spec.fields if field.kind is Kind.RECORD and not field.options and not (field.names and field.noun)]
    assert not unnamed, "nobody knows the number of a record"


def test_what_the_reader_must_not_see_is_neither_named_nor_found(cast: Cast) -> None:
    hidden = company(cast, "Firm Hidden", owner=cast.chika)
    ivo = signed_in(cast.ivo)
    page = shown(ivo, f"?filter=account:is({hidden.pk}, 999999)")
    assert f"account is no. {hidden.pk} (not visible to you) or no. 999999 (not visible to you)" in words_of(page)
    assert "Hidden" not in page
    for typed in ("Firm Hidden", f"#{hidden.pk}", "hidden"):
        address = sent(ivo, named=typed)
        assert "filter=" not in address
        assert f"There is no account “{typed}” that you can see." in shown(ivo, address)
    assert 'role="option"' not in shown(ivo, "?q=hidden", "lead_names")


def test_a_name_that_is_not_clear_is_asked_about_where_it_was_typed(cast: Cast) -> None:
    gaon, both = company(cast, "Gaon", domain="gaon.example"), [company(cast, "Nami", country=code) for code in ("KR", "JP")]
    ivo = signed_in(cast.ivo)
    assert f"account%3Ais%28{gaon.pk}%29" in sent(ivo, named="gao"), "it is the only one that fits"
    address = sent(ivo, named="nami")
    assert "add=account" in address
    page = shown(ivo, address)
    assert "“nami” can mean more than one. Choose which is meant." in page
    assert all(f'name="v" value="{one.pk}"><span lang="en">Nami · {one.country}' in page for one in both)
    address = sent(ivo, filter=f"account:is({gaon.pk})", at=0, v=gaon.pk, named="nami")
    page = shown(ivo, address)
    assert "open=0" in address
    assert f'value="{gaon.pk}" checked' in page
    assert f'value="{both[1].pk}">' in page


def test_a_company_may_be_called_by_a_number(cast: Cast) -> None:
    other = company(cast, "Other")
    named = company(cast, str(other.pk))
    assert f"account%3Ais%28{named.pk}%29" in sent(signed_in(cast.ivo), named=str(other.pk))
    assert f"account%3Ais%28{other.pk}%29" in sent(signed_in(cast.ivo), v=str(other.pk))


@pytest.mark.parametrize("typed", ["zzz", "#", "#x", "#" + "9" * 40, "<script>alert(1)</script>", "%", "x" * 5000, "' OR 1=1 --", '"', "🐈", "١٢"])
def test_a_hostile_name_is_only_a_name_that_nothing_has(cast: Cast, typed: str) -> None:
    ivo = signed_in(cast.ivo)
    for field, noun in (("account", "leads"), ("lead", "tasks"), ("contact", "tasks")):
        address = sent(ivo, noun, field=field, named=typed)
        assert "filter=" not in address
        page = ivo.get(reverse(noun) + address).content.decode()
        assert "that you can see" in page
        assert "<script>alert" not in page


def test_a_lead_is_asked_for_by_its_person_and_offered_with_what_tells_it_apart(cast: Cast) -> None:
    lead, other = lead_of(cast, 1), lead_of(cast, 2, name=("김", "지우"))
    tasks.add(Task(subject="Call back", owner=cast.ivo, lead=lead), by=By(cast.ivo, Door.WEB), at=MONDAY)
    ivo = signed_in(cast.ivo)
    offered = shown(ivo, "?q=서윤", "lead_names")
    assert f'data-key="#{lead.pk}" data-name="한서윤"' in offered
    assert "Firm 1 Ltd. · Working" in offered
    assert f'data-key="#{other.pk}"' not in offered
    page = shown(ivo, sent(ivo, "tasks", field="lead", named="한서윤"), "tasks")
    assert "Call back" in page
    assert any(said == "lead is 한서윤 · Firm 1 Ltd." for said in words_of(page))
    assert "Call back" not in shown(ivo, sent(ivo, "tasks", field="lead", op="is_not", named="한서윤"), "tasks").partition("<table")[2]


def test_a_contact_is_asked_for_by_name(cast: Cast) -> None:
    lead, _other = lead_of(cast, 1), lead_of(cast, 2, name=("김", "지우"))
    ivo = signed_in(cast.ivo)
    offered = shown(ivo, "?q=서윤", "contact_names")
    assert f'data-key="#{lead.contact_id}" data-name="한서윤"' in offered
    assert "Firm 1 Ltd." in offered
    page = shown(ivo, sent(ivo, field="contact", named="한서윤"))
    assert "contact is 한서윤 · Firm 1 Ltd." in words_of(page)
    assert re.findall(r'class="sheet-name" href="/leads/(\d+)"', page) == [str(lead.pk)]


def test_two_names_cost_as_many_questions_as_twelve(cast: Cast) -> None:
    made = [str(company(cast, f"Firm {nth}").pk) for nth in range(12)]
    leads = [str(lead_of(cast, nth).pk) for nth in range(12)]
    ruth = signed_in(cast.ruth)

    def asked(noun: str, text: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ruth.get(reverse(noun), {"filter": text}).status_code == 200
        return len(queries)

    for noun, field, ids in (("leads", "account", made), ("tasks", "lead", leads), ("accounts", "parent", made)):
        asked(noun, f"{field}:is({ids[0]})")
        few = asked(noun, f"{field}:is({', '.join(ids[:2])})")
        assert asked(noun, f"{field}:is({', '.join(ids)})") == few, noun
        assert asked(noun, f"any({', '.join(f'{field}:is({pk})' for pk in ids)})") == few, f"{noun}: as many clauses"


def test_a_team_is_chosen_among_teams_and_read_by_its_name(cast: Cast) -> None:
    ruth = signed_in(cast.ruth)
    page = shown(ruth, f"?filter=owner:in_team({cast.inside_sales.pk}, mine)")
    assert "owner is in the team Inside sales or my team" in words_of(page)
    first = next(form for form in forms_of(page) if ("field", "owner") in form.sent)
    assert ("op", "in_team") in first.sent
    assert ("v", str(cast.inside_sales.pk)) in first.sent


ALL: tuple[Spec, ...] = (nouns.LEADS, nouns.OPPORTUNITIES, nouns.ACCOUNTS, nouns.CONTACTS, nouns.TASKS, nouns.PRODUCTS, nouns.HANDOFFS)


class ChipForm:
    """What a browser would send when nothing is touched; `pressed` are its buttons that say that they are on."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.pressed: list[tuple[str, str]] = []


class _Forms(HTMLParser):
    """The forms of the chips, in the order of the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[ChipForm] = []
        self.form: ChipForm | None = None
        self.select: tuple[str, list[tuple[str, bool]]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form" and "clause-form" in said.get("class", ""):
            self.form = ChipForm()
            self.forms.append(self.form)
        elif self.form and tag == "input" and said.get("name") and (said.get("type") != "checkbox" or "checked" in said):
            self.form.sent.append((said["name"], said.get("value", "")))
        elif self.form and tag == "select":
            self.select = said["name"], []
        elif self.select and tag == "option":
            self.select[1].append((said.get("value", ""), "selected" in said))
        elif self.form and tag == "button" and said.get("aria-current"):
            self.form.pressed.append((said["name"], said["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif self.form and self.select and tag == "select":
            name, offered = self.select
            self.form.sent.append((name, next((value for value, is_so in offered if is_so), offered[0][0])))
            self.select = None


def forms_of(page: str) -> list[ChipForm]:
    reader = _Forms()
    reader.feed(page)
    return reader.forms


def values_of(field: Field, operator: Operator, *, cast: Cast, options: list[str]) -> tuple[str, ...]:
    """As many as may be, of the kind; every sort of word for days."""
    if not how_many_values(operator)[1]:
        return ()
    if operator is Operator.IN_TEAM:
        return "mine", str(cast.field_sales.pk)
    if field.kind in (Kind.DATE, Kind.MOMENT):
        by_unit = {Operator.THIS: "quarter", Operator.PREVIOUS: "day", Operator.NEXT: "year", Operator.PAST: "1 day", Operator.COMING: "2 weeks"}
        by_day = {Operator.ON: "today", Operator.BEFORE: "2026-03-02", Operator.AFTER: "yesterday", Operator.OLDER_THAN: "3 quarters"}
        return ("tomorrow", "2026-12-24") if operator is Operator.BETWEEN else ((by_unit | by_day)[operator],)
    some = {
        Kind.TEXT: ['a "b", c', "d:e", "가온"],
        Kind.WHOLE: ["-3", "1000", "5"],
        Kind.NUMBER: ["0.5", "12", "7"],
        Kind.MONEY: ["10.5", f"5000000 {the_organisation().currency.lower()}"],
        Kind.PERSON: ["me", str(cast.saori.pk), str(cast.mina.pk)],
    }.get(field.kind, options)
    return tuple(some[: how_many_values(operator)[1]])


@pytest.mark.parametrize("noun", [spec.noun for spec in ALL])
def test_every_operator_of_every_kind_of_field_opens_again_as_it_was(noun: str, cast: Cast) -> None:
    """What the first form of a chip sends untouched is the clause itself; of a clause without a value the button says so."""
    lead = lead_of(cast)
    if noun in FieldNoun.values:
        for kind in FieldKind:
            choices = ["a", "b", "c"] if kind in (FieldKind.CHOICE, FieldKind.CHOICES) else []
            defining.define(FieldNoun(noun), kind=kind, wording=Wording(kind.value), choices=choices, by=SET_UP, at=MONDAY)
    [spec] = [spec_of(spec, cast.ada) for spec in ALL if spec.noun == noun]
    client, clauses = signed_in(cast.ada), []
    for field in {(field.kind, bool(field.options), field.noun): field for field in spec.fields}.values():
        options = [value for value, _label in field.options(cast.ada) if value != "mine"] if field.options else []
        options = options or {"account": [str(lead.account_id)], "contact": [str(lead.contact_id)], "lead": [str(lead.pk)]}.get(field.noun, ["1", "2"])
        clauses += [Clause(field.key, operator.value, values_of(field, operator, cast=cast, options=options)) for operator in field.operators]
    assert len(clauses) > 15
    standpoint = asker(cast.ada, at=MONDAY)

    def meaning(text: str) -> Meaning:
        return binding.bind(sentences.read(text), spec.fields, asker=standpoint)

    for some in (clauses[at : at + 30] for at in range(0, len(clauses), 30)):
        text = sentences.written(Group(parts=tuple(some)))
        page = client.get(reverse(spec.name), {"filter": text})
        assert page.status_code == 200, (text, page.content.decode().partition("<h1")[2][:400])
        forms = forms_of(page.content.decode())
        for nth, clause in enumerate(some):
            own = [form for form in forms if ("at", str(nth)) in form.sent and ("field", clause.field) in form.sent]
            if not clause.values:
                assert [pressed for form in own for pressed in form.pressed] == [("op", clause.operator)], clause
                continue
            said: dict[str, list[str]] = {}
            for name, value in own[0].sent:
                said.setdefault(name, []).append(value)
            [again] = parse_qs(client.get(reverse(spec.name), said)["Location"][1:])["filter"]
            assert meaning(again) == meaning(text), clause
