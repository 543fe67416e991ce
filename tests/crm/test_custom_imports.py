"""Custom fields come in with the rows: proposed by name, read by kind, asked about where it is open, taken back whole."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from tasuki.core.audit import AuditEntry, By
from tasuki.core.custom_fields import defining, values, writing
from tasuki.core.custom_fields.definitions import CustomField, FieldKind, FieldNoun
from tasuki.core.imports import evidence, mapping, parsing, proposing, questions, running, sets
from tasuki.core.imports.fields import How
from tasuki.core.imports.mapping import Mapping, MappingRefused
from tasuki.core.imports.nouns import noun_named
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.core.imports.tables import Said
from tasuki.core.money import Money
from tasuki.core.saved_views import SavedView
from tasuki.crm import requirements
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.sales.opportunities import Opportunity
from tests.cast import MONDAY, SET_UP, Cast
from tests.core.test_custom_fields import key_of, made

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


def imported(text: str, columns: str, *, noun: str = "accounts", more: str = "", by: By = SET_UP) -> ImportRun:
    said = mapping.read(f"noun: {noun}\n{more}columns: {{{columns}}}\n")
    run = running.start(io.BytesIO(text.encode()), name="rows.csv", mapping=said, by=by, at=MONDAY)
    return running.run(run, at=MONDAY)


def reasons(run: ImportRun) -> list[str]:
    return [message["reason"] for row in ImportRow.objects.filter(run=run).order_by("row_no") for message in row.messages or []]


def looked_at(text: str, tmp_path, noun: str = "accounts") -> tuple[Mapping, evidence.Evidence]:  # type: ignore[no-untyped-def]  # pytest's own
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    seen = evidence.look(path, Said())
    return sets.proposed(noun, seen, Said()), seen


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (FieldKind.TEXT, "north wing", "north wing"),
        (FieldKind.LONG_TEXT, "one, two", "one, two"),
        (FieldKind.URL, "https://gaon.example", "https://gaon.example"),
        (FieldKind.NUMBER, "1200.5", Decimal("1200.5")),
        (FieldKind.MONEY, "1200만원", Money(Decimal(12_000_000), "KRW")),
        (FieldKind.MONEY, "€3.4K", Money(Decimal(3400), "EUR")),
        (FieldKind.MONEY, "500", Money(Decimal(500), "KRW")),
        (FieldKind.DATE, "2026-03-02", "2026-03-02"),
        (FieldKind.CHOICE, " gold ", "Gold"),
        (FieldKind.CHOICES, "GOLD; Silver", "Gold, Silver"),
        (FieldKind.CHECKBOX, "예", True),
        (FieldKind.CHECKBOX, "no", None),
    ],
)
def test_a_cell_is_read_by_the_kind_of_its_field(kind: FieldKind, cell: str, value: object) -> None:
    field = made(kind, "Extra")
    run = imported(f'Name,Extra\nGaon,"{cell}"\n', f"name: Name, {field.key}: Extra")
    assert (run.n_created, reasons(run)) == (1, [])
    found = values.of_record(field, Account.objects.get())
    if kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        found = ", ".join(values.plain(field, [found] if isinstance(found, str) else found))
    assert (found.isoformat() if kind is FieldKind.DATE else found) == value


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (FieldKind.TEXT, "x" * 5_000),
        (FieldKind.URL, "javascript:alert(1)"),
        (FieldKind.NUMBER, "NaN"),
        (FieldKind.NUMBER, "1e400"),
        (FieldKind.NUMBER, "9" * 40),
        (FieldKind.MONEY, "Infinity"),
        (FieldKind.MONEY, "9" * 30),
        (FieldKind.DATE, "3/4/2026"),
        (FieldKind.CHOICE, "Platinum"),
        (FieldKind.CHOICES, "Gold; Platinum"),
        (FieldKind.CHECKBOX, "perhaps"),
    ],
)
def test_a_cell_that_cannot_be_read_is_refused_with_its_row(kind: FieldKind, cell: str) -> None:
    field = made(kind, "Extra")
    run = imported(f'Name,Extra\nGaon,"{cell}"\nRaon,\n', f"name: Name, {field.key}: Extra")
    assert (run.n_created, run.n_rejected) == (1, 1)
    assert len(reasons(run)) == 1
    assert Account.objects.get().custom == {}


def test_people_and_accounts_are_found_and_those_that_are_not_are_told(cast: Cast) -> None:
    imported("Name\nHanbit Integration\n", "name: Name")
    person, partner = made(FieldKind.PERSON, "Sponsor"), made(FieldKind.ACCOUNT, "Partner")
    run = imported(
        f"Name,Sponsor,Partner\nGaon,{ADA},HANBIT integration Inc.\nRaon,Nobody,Nowhere\nDaon,Ruth Adeyemi,\n",
        f"name: Name, {person.key}: Sponsor, {partner.key}: Partner",
    )
    assert run.n_created == 3
    gaon, raon, daon = (Account.objects.get(name=name) for name in ("Gaon", "Raon", "Daon"))
    assert gaon.custom == {person.slot: cast.ada.pk, partner.slot: Account.objects.get(name="Hanbit Integration").pk}
    assert (raon.custom, daon.custom) == ({}, {person.slot: cast.ruth.pk})
    assert reasons(run) == [f"“{name}” is not here, or there is more than one; the field is left as it is." for name in ("Nobody", "Nowhere")]


def test_fields_of_every_noun_come_in(cast: Cast) -> None:
    fields = {noun: made(FieldKind.NUMBER, "Seats", noun=noun) for noun in FieldNoun}
    lead = f"reference: Ref, full_name: Name, email: Mail, {fields[FieldNoun.LEAD].key}: Seats"
    imported("Ref,Name,Mail,Seats\nL1,Mia Roe,mia@norwick.example,7\n", lead, noun="leads")
    imported("Name,Mail,Seats\nJo Lin,jo@norwick.example,8\n", f"full_name: Name, email: Mail, {fields[FieldNoun.CONTACT].key}: Seats", noun="contacts")
    imported("Ref,Lead,Seats\nD1,L1,9\n", f"reference: Ref, lead: Lead, {fields[FieldNoun.OPPORTUNITY].key}: Seats", noun="opportunities")
    assert Lead.objects.get().custom == {fields[FieldNoun.LEAD].slot: "7"}
    assert Contact.objects.get(given_name="Jo").custom == {fields[FieldNoun.CONTACT].slot: "8"}
    assert Contact.objects.get(given_name="Mia").custom == {}, "what a row says of the lead it does not say of the person"
    assert Opportunity.objects.get().custom == {fields[FieldNoun.OPPORTUNITY].slot: "9"}


def test_an_update_changes_what_it_says_and_is_taken_back(cast: Cast) -> None:
    tier, seats, wing = made(FieldKind.CHOICE, "Tier"), made(FieldKind.NUMBER, "Seats"), made(FieldKind.TEXT, "Wing")
    imported("Name\nGaon\n", "name: Name")
    gaon = writing.write(Account.objects.get(), said={tier.pk: key_of(tier, "Gold"), wing.pk: "north"}, by=SET_UP, at=MONDAY)
    columns = f"name: Name, {tier.key}: Tier, {seats.key}: Seats"
    run = imported("Name,Tier,Seats\nGaon,Silver,12\n", columns, more="on_duplicate: update\n")
    assert run.n_updated == 1
    gaon.refresh_from_db()
    assert gaon.custom == {tier.slot: key_of(tier, "Silver"), seats.slot: "12", wing.slot: "north"}
    entry = AuditEntry.objects.of(gaon).newest_first()[0]
    assert {name: change for name, change in entry.changes.items() if name != "import"} == {tier.key: ["Gold", "Silver"], seats.key: [None, "12"]}
    running.undo(run, by=SET_UP, at=MONDAY)
    gaon.refresh_from_db()
    assert gaon.custom == {tier.slot: key_of(tier, "Gold"), wing.slot: "north"}


def test_a_column_is_proposed_by_the_name_of_a_field_in_any_language(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    tier, day = made(FieldKind.CHOICE, "Tier", label_ko="등급"), made(FieldKind.DATE, "Renewal day")
    other = made(FieldKind.TEXT, "Industry")
    proposed, _seen = looked_at("Name,등급,RENEWAL_DAY,Industry\nGaon,Gold,2026-03-02,retail\nRaon,Silver,2026-04-02,finance\n", tmp_path)
    assert (proposed.columns[tier.key].column, proposed.columns[day.key].column) == ("등급", "RENEWAL_DAY")
    assert proposed.columns["industry"].column == "Industry", "what Tasuki has itself comes first"
    assert other.key not in proposed.columns


def test_an_unknown_choice_is_asked_and_mapped_added_or_left_empty(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    tier, markets = made(FieldKind.CHOICE, "Tier", choices=("Platinum", "Gold")), made(FieldKind.CHOICES, "Markets", choices=("Seoul", "Tokyo"))
    text = 'Name,Tier,Markets\nA,platnum,Seoul; Osaka\nB,Iron,"Tokyoo, Seoul"\nC,unknown,\nD,GOLD,Tokyo\n'
    proposed, seen = looked_at(text, tmp_path)
    asked = questions.asked(noun_named("accounts"), proposed, seen, known={})
    assert {(one.field, one.raw): one.suggested for one in asked} == {
        (tier.key, "platnum"): "Platinum",
        (tier.key, "Iron"): "",
        (tier.key, "unknown"): "",
        (markets.key, "Osaka"): "",
        (markets.key, "Tokyoo"): "Tokyo",
    }
    assert {value for value, _words in asked[0].answers} == {"Platinum", "Gold", questions.ADD, "-"}
    columns = (
        f"name: Name, {tier.key}: {{column: Tier, values: {{platnum: Platinum, Iron: Iron, unknown: ''}}, add: [Iron]}}, "
        f"{markets.key}: {{column: Markets, values: {{Osaka: Osaka, Tokyoo: Tokyo}}, add: [Osaka]}}"
    )
    run = imported(text, columns)
    assert (run.n_created, reasons(run)) == (4, [])
    said = {one.name: (values.plain(tier, one.custom.get(tier.slot)), values.plain(markets, one.custom.get(markets.slot))) for one in Account.objects.all()}
    assert said == {"A": ("Platinum", ["Seoul", "Osaka"]), "B": ("Iron", ["Seoul", "Tokyo"]), "C": (None, None), "D": ("Gold", ["Tokyo"])}
    assert [choice.label for choice in tier.choices()] == ["Platinum", "Gold", "Iron"]


def test_choices_are_added_once_across_chunks_and_a_dry_run_adds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "CHUNK", 1)
    tier = made(FieldKind.CHOICE, "Tier")
    columns = f"name: Name, {tier.key}: {{column: Tier, add: [Iron]}}"
    said = mapping.read(f"noun: accounts\ncolumns: {{{columns}}}\n")
    dry = running.start(io.BytesIO(b"Name,Tier\nA,Iron\n"), name="rows.csv", mapping=said, by=SET_UP, at=MONDAY, dry=True)
    running.run(dry, at=MONDAY)
    assert tier.choice_set.count() == 2
    imported("Name,Tier\nA,Iron\nB,Iron\n", columns)
    assert [choice.label for choice in tier.choices()] == ["Gold", "Silver", "Iron"]
    assert {one.custom[tier.slot] for one in Account.objects.all()} == {key_of(tier, "Iron")}


def test_what_a_comma_and_a_dollar_mean_is_asked_of_custom_fields_too(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    fee, day, number = made(FieldKind.MONEY, "Fee"), made(FieldKind.DATE, "Renewal"), made(FieldKind.NUMBER, "Load")
    proposed, seen = looked_at('Name,Fee,Renewal,Load\nA,$12,03/04/2026,"1,234"\n', tmp_path)
    asked = {(one.field, one.about) for one in questions.asked(noun_named("accounts"), proposed, seen, known={})}
    assert asked == {(fee.key, "currency"), (day.key, "format"), (number.key, "decimal")}
    run = imported("Name,Fee\nA,$12\n", f"name: Name, {fee.key}: {{column: Fee, currency: CAD}}")
    assert run.n_created == 1
    assert values.of_record(fee, Account.objects.get()) == Money(Decimal(12), "CAD")


def test_a_mapping_is_written_and_read_again_with_what_it_adds() -> None:
    said = mapping.read("noun: accounts\ncolumns: {name: Name, custom.f1: {column: Tier, add: [Iron, '+'], currency: USD}}\n")
    assert mapping.read(mapping.write(said)) == said
    assert mapping.from_json(said.as_json()) == said
    with pytest.raises(MappingRefused):
        mapping.read("noun: accounts\ncolumns: {name: Name, custom.f1: {column: Tier, add: Iron}}\n")


def test_a_mapping_that_names_no_field_of_the_noun_is_refused() -> None:
    field = defining.archive(made(FieldKind.TEXT, "Wing"), by=SET_UP, at=MONDAY)
    other = made(FieldKind.TEXT, "Need", noun=FieldNoun.LEAD)
    for key in (field.key, other.key, "custom.f0", "custom.f1'; DROP TABLE crm_account; --"):
        with pytest.raises(MappingRefused):
            imported("Name,Wing\nA,north\n", f'name: Name, "{key}": Wing')


def test_two_hundred_fields_are_proposed_and_imported(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    CustomField.objects.bulk_create(CustomField(noun="account", kind=FieldKind.NUMBER, label=f"Extra {n}", position=n, created_at=MONDAY) for n in range(200))
    text = "Name," + ",".join(f"Extra {n}" for n in range(200)) + "\nGaon," + ",".join(map(str, range(200))) + "\n"
    proposed, _seen = looked_at(text, tmp_path)
    run = running.start(io.BytesIO(text.encode()), name="rows.csv", mapping=proposed, by=SET_UP, at=MONDAY)
    assert running.run(run, at=MONDAY).n_created == 1
    assert len(Account.objects.get().custom) == 200
    assert len(proposing.propose(noun_named("accounts"), evidence.look(tmp_path / "rows.csv", Said()))) == 201


def test_reading_a_cell_asks_the_database_nothing(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    cells = {FieldKind.MONEY: "$12", FieldKind.CHOICE: "Gold", FieldKind.CHOICES: "Gold;Silver", FieldKind.DATE: "2026-03-02", FieldKind.NUMBER: "1"}
    keys = {made(kind).key: kind for kind in FieldKind}
    fields = noun_named("accounts").fields
    with django_assert_num_queries(0):
        for key, kind in keys.items():
            fields[key].parse(cells.get(kind, "yes" if kind is FieldKind.CHECKBOX else "https://gaon.example"), How())


def test_a_record_does_not_come_into_a_stage_without_what_is_required_from_it(cast: Cast) -> None:
    budget = made(FieldKind.TEXT, "Budget", noun=FieldNoun.LEAD)
    requirements.require_from(budget, stage="ready", by=SET_UP, at=MONDAY)
    columns = f"reference: id, stage: stage, {budget.key}: budget"
    run = imported("id,stage,budget\nL1,ready,\nL2,ready,much\nL3,captured,\nL4,working,\n", columns, noun="leads")
    assert set(Lead.objects.values_list("reference", flat=True)) == {"L2", "L3"}
    assert reasons(run) == ["To enter this stage, fill in: Budget."] * 2
    # Where the mapping says it for all, nothing is missing.
    assert imported("id\nL5\n", f"reference: id, stage: {{constant: ready}}, {budget.key}: {{constant: unknown}}", noun="leads").n_created == 1
    signature = made(FieldKind.TEXT, "Signed by", noun=FieldNoun.OPPORTUNITY)
    requirements.require_from(signature, stage="p3", by=SET_UP, at=MONDAY)
    rows = "id,stage,outcome,closed\nD1,p2,open,\nD2,p3,open,\nD3,p3,won,2026-02-02\nD4,p3,lost,2026-02-02\n"
    run = imported(rows, "reference: id, stage: stage, outcome: outcome, closed_at: closed", noun="opportunities")
    assert set(Opportunity.objects.values_list("reference", flat=True)) == {"D1", "D4"}
    assert reasons(run) == ["To enter this stage, fill in: Signed by."] * 2


def test_choices_that_an_import_made_go_with_it_unless_somebody_uses_them(cast: Cast) -> None:
    tier = made(FieldKind.CHOICE, "Tier")
    columns = f"name: Name, {tier.key}: {{column: Tier, add: [Iron, Tin, Zinc, Clay]}}"
    run = imported("Name,Tier\nA,Iron\nB,Tin\nC,Zinc\n", columns)
    assert tier.choice_set.count() == 6
    imported("Name,Tier\nD,Iron\n", f"name: Name, {tier.key}: Tier")
    SavedView.objects.create(
        of="account", name="Zinc", owner=cast.ada, filter=f"{tier.key}:is({key_of(tier, 'Zinc')})", sort="name", created_at=MONDAY, updated_at=MONDAY
    )
    running.undo(run, by=SET_UP, at=MONDAY)
    assert [choice.label for choice in tier.choices()] == ["Gold", "Silver", "Iron", "Zinc"]
    assert [one.name for one in Account.objects.all()] == ["D"]
