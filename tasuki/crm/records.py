"""Adding and changing accounts, contacts and products: small verbs that keep derived keys and the audit trail right."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import audit, bus
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.core.meanwhile import Said, Seen, held, refuse_overtaken, trimmed
from tasuki.core.money import Money
from tasuki.crm import barred, corporate_numbers, duplicate_groups, duplicates, emails, matching, phones, postal_addresses, reach
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Channel, Consent, ConsentState, Contact, ContactEmail, ContactPhone
from tasuki.crm.duplicates import CompanyKeys, Match, PersonKeys
from tasuki.crm.ownership import Ownership
from tasuki.crm.products import Product
from tasuki.crm.wake_rules import Sign, Trigger

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.core.teams import Team


class CorporateNumberTaken(Refused):
    code = "corporate_number_taken"

    def __init__(self, account: Account) -> None:
        super().__init__(_("%(name)s has this corporate number already.") % {"name": account.name})


class DomainOfMailProvider(Refused):
    """Accounts are recognised by their domains, so one that many unrelated people share would make one company of theirs."""

    code = "domain_of_mail_provider"

    def __init__(self, domain: str) -> None:
        super().__init__(_("%(domain)s belongs to a mail provider. Write the company's own domain, or none.") % {"domain": domain})


class NoDomain(Refused):
    code = "no_domain"

    def __init__(self, text: str) -> None:
        super().__init__(_("“%(text)s” is not the domain of a company.") % {"text": text[:80]})


class NameMissing(Refused):
    code = "name_missing"

    def __init__(self) -> None:
        super().__init__(_("It needs a name."))


class ParentInCircle(Refused):
    code = "parent_in_circle"

    def __init__(self, parent: Account) -> None:
        super().__init__(_("%(name)s belongs to this account, so it cannot be its parent company.") % {"name": parent.name})


class ProductNameTaken(Refused):
    code = "product_name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a product called “%(name)s” already.") % {"name": name})


@dataclass(frozen=True)
class Company:
    """What is known of a company."""

    name: str
    domain: str = ""
    industry: str = ""
    n_employees: int | None = None
    country: str = ""
    corporate_number: str = ""
    parent: Account | None = None
    postal_address: str = ""

    @classmethod
    def of(cls, account: Account, **said: Any) -> Company:
        """What is known of the account, but for its parent, with what is said now."""
        known = {one.name: getattr(account, one.name) for one in fields(cls) if one.name != "parent"}
        return cls(**known | dict(said))

    def columns(self, only: Collection[str] = ()) -> dict[str, Any]:
        """As the table holds it: all of it, or what the fields of `only` are written into. Raises CorporateNumberInvalid, DomainOfMailProvider."""
        wanted = set(only) or {one.name for one in fields(self)}
        plain = {
            "industry": self.industry.strip(),
            "n_employees": self.n_employees,
            "parent": self.parent,
            "postal_address": postal_addresses.tidy(self.postal_address),
        }
        columns = {name: value for name, value in plain.items() if name in wanted}
        if "name" in wanted:
            columns |= {"name": self.name.strip(), "folded_name": matching.fold_company(self.name)}
        if "domain" in wanted:
            columns["domain"] = self._domain()
        if wanted & {"country", "corporate_number"}:
            # A number is read by the rules of its country, so that neither is written without the other.
            country = self.country.strip().upper()
            number = corporate_numbers.normalise(self.corporate_number, country) if self.corporate_number.strip() else ""
            columns |= {"country": country, "corporate_number": number}
        return columns

    def _domain(self) -> str:
        domain = matching.domain_of(self.domain)
        if matching.is_free_mail(domain):
            raise DomainOfMailProvider(domain)
        if self.domain.strip() and not domain:
            raise NoDomain(self.domain)
        return domain


@dataclass(frozen=True)
class Person:
    """What is known of a person; mail addresses and numbers as they are written."""

    family_name: str
    given_name: str = ""
    title: str = ""
    department: str = ""
    roles: str = ""
    account: Account | None = None
    email: str = ""
    phone: str = ""
    country: str = ""


@transaction.atomic
def add_account(company: Company, *, owner: User | None, team: Team, by: By, at: datetime, another: str = "") -> Account:
    """A new account; where one with the same keys is there, `another` says why this is another.

    Raises AlreadyKnown, CorporateNumberInvalid, CorporateNumberTaken, DomainOfMailProvider.
    """
    columns = company.columns()
    keys = CompanyKeys(columns["folded_name"], columns["domain"], columns["country"], columns["corporate_number"])
    known = duplicates.look_before(keys, another=another)
    _refuse_taken_number(columns, None)
    account = Account.objects.create(owner=owner, team=team, created_at=at, updated_at=at, **columns)
    Ownership.objects.create(account=account, owner=owner, team=team, from_at=at, given_by=by.actor)
    audit.record(account, action="add", by=by, at=at, changes={"name": ("", account.name), **_apart(another, known)})
    duplicate_groups.note_apart("account", pk=account.pk, others=[match.pk for match in known], reason=another, by=by, at=at)
    return account


@transaction.atomic
def change_account(account: Account, *, said: Said, by: By, at: datetime, seen: Seen | None = None, another: str | None = None) -> Account:
    """Change some of what is known of a company: `said` holds fields of Company, `seen` the marks of what the person saw in them.

    Where the change makes it look like another account, `another` says why it is not that one; None: there is nobody to be asked.
    Raises ChangedMeanwhile, NameMissing, AlreadyKnown, CorporateNumberInvalid, CorporateNumberTaken, DomainOfMailProvider, ParentInCircle.
    """
    account = held(account)
    columns = Company.of(account, **said).columns(said)
    refuse_overtaken(account, said={field: columns[field] for field in said}, seen=seen)
    if not columns.get("name", account.name):
        raise NameMissing
    known = _met(account, _fresh_company_keys(account, columns), another=another)
    if {"country", "corporate_number"} & columns.keys():
        _refuse_taken_number(columns, account.pk)
    if columns.get("parent"):
        _refuse_circle(account, columns["parent"])
    changes = audit.difference(account, columns)
    if changes:
        Account.objects.filter(pk=account.pk).update(updated_at=at, **columns)
        audit.record(account, action="change", by=by, at=at, changes=changes | _apart(another or "", known))
        duplicate_groups.note_apart("account", pk=account.pk, others=[match.pk for match in known], reason=another or "", by=by, at=at)
        account.refresh_from_db()
    return account


@transaction.atomic
def add_contact(person: Person, *, by: By, at: datetime, another: str = "") -> Contact:
    """A new contact with its main address and number; where one with the same keys is there, `another` says why this is another.

    Raises AlreadyKnown, EmailInvalid, PhoneInvalid, AskedToBeErased, Gone for its account.
    """
    account = held(person.account) if person.account else None
    known = duplicates.look_before(_keys(person), another=another)
    contact = Contact.objects.create(
        family_name=person.family_name.strip(),
        given_name=person.given_name.strip(),
        title=person.title.strip(),
        department=person.department.strip(),
        roles=person.roles.strip(),
        account=account,
        account_team_id=account.team_id if account else None,
        created_at=at,
        updated_at=at,
    )
    for name, written in (("emails", person.email), ("phones", person.phone)):
        reached = {name: reach.read(name, [written], country=person.country)} if written.strip() else {}
        reach.refuse_barred(reached)
        reach.write(contact, reached)
    audit.record(contact, action="add", by=by, at=at, changes={"family_name": ("", contact.family_name), **_apart(another, known)})
    duplicate_groups.note_apart("contact", pk=contact.pk, others=[match.pk for match in known], reason=another, by=by, at=at)
    return contact


@transaction.atomic
def change_contact(contact: Contact, *, said: Said, by: By, at: datetime, seen: Seen | None = None, another: str | None = None) -> Contact:
    """Change some of what is known of a person: `said` holds columns, and `emails` and `phones` whole, the main one first.

    A number without its country is read in that of the organisation. Where the change makes the person look like another contact,
    `another` says why it is not that one; None: there is nobody to be asked.
    Raises ChangedMeanwhile, NameMissing, AlreadyKnown, EmailInvalid, PhoneInvalid, ErasedPerson, AskedToBeErased.
    """
    contact = held(contact)
    barred.refuse_erased(contact)
    columns = {name: value for name, value in trimmed(said).items() if name not in reach.REACHED_BY}
    reached = {name: reach.read(name, value) for name, value in said.items() if name in reach.REACHED_BY}
    reach.refuse_barred(reached)
    refuse_overtaken(contact, said=columns | {name: list(found) for name, found in reached.items()}, seen=seen)
    if not columns.get("family_name", contact.family_name):
        raise NameMissing
    known = _met(contact, _fresh_person_keys(contact, columns, reached), another=another)
    changes = audit.difference(contact, columns) | reach.difference(contact, reached)
    if changes:
        Contact.objects.filter(pk=contact.pk).update(updated_at=at, **columns)
        reach.write(contact, reached)
        audit.record(contact, action="change", by=by, at=at, changes=changes | _apart(another or "", known))
        duplicate_groups.note_apart("contact", pk=contact.pk, others=[match.pk for match in known], reason=another or "", by=by, at=at)
    return Contact.objects.get(pk=contact.pk)


@transaction.atomic
def supplement_account(account: Account, *, company: Company, by: By, at: datetime) -> Account:
    """Fill in what is not known yet; what is known stays. Raises CorporateNumberInvalid, CorporateNumberTaken, DomainOfMailProvider."""
    account = held(account)
    columns = company.columns()
    if account.country and account.country != columns["country"]:
        columns["corporate_number"] = ""  # it is one of another country
    fresh = {name: value for name, value in columns.items() if value not in ("", None) and getattr(account, name) in ("", None)}
    _refuse_taken_number({"country": account.country, "corporate_number": "", **fresh}, account.pk)
    _refuse_circle(account, fresh.get("parent"))
    if fresh:
        changes = audit.difference(account, fresh)
        Account.objects.filter(pk=account.pk).update(updated_at=at, **fresh)
        audit.record(account, action="change", by=by, at=at, changes=changes)
        account.refresh_from_db()
    return account


@transaction.atomic
def supplement_contact(contact: Contact, *, person: Person, by: By, at: datetime) -> Contact:
    """Fill in what is not known yet, and keep the address and the number beside those that are there. Raises EmailInvalid, PhoneInvalid."""
    contact = held(contact)
    barred.refuse_erased(contact)
    said = {"title": person.title, "department": person.department, "roles": person.roles, "given_name": person.given_name, "account": person.account}
    said = {name: value.strip() if isinstance(value, str) else value for name, value in said.items()}
    fresh = {name: value for name, value in said.items() if value not in ("", None) and getattr(contact, name) in ("", None)}
    changes = audit.difference(contact, fresh)
    Contact.objects.filter(pk=contact.pk).update(updated_at=at, **fresh)
    if person.email.strip():
        address, key = emails.normalise(person.email)
        barred.refuse(addresses=[key])
        has_main = ContactEmail.objects.filter(contact=contact, is_primary=True).exists()
        _row, is_new = ContactEmail.objects.get_or_create(contact=contact, key=key, defaults={"address": address, "is_primary": not has_main})
        changes |= {"emails": (None, address)} if is_new else {}
    if person.phone.strip():
        e164 = phones.to_e164(person.phone, person.country)
        barred.refuse(numbers=[e164])
        has_main = ContactPhone.objects.filter(contact=contact, is_primary=True).exists()
        written = {"written": person.phone.strip()[:64], "is_primary": not has_main}
        _number, is_new = ContactPhone.objects.get_or_create(contact=contact, e164=e164, defaults=written)
        changes |= {"phones": (None, e164)} if is_new else {}
    if changes:
        audit.record(contact, action="change", by=by, at=at, changes=changes)
    contact.refresh_from_db()
    return contact


@dataclass(frozen=True)
class OptedOut:
    """Said on the bus: the person does not want to be reached by the channel, or not any more."""

    contact_id: int
    channel: Channel
    by: By
    at: datetime


@transaction.atomic
def record_consent(
    contact: Contact, *, channel: Channel, state: ConsentState, how: str, by: By, at: datetime, more: Mapping[str, Any] | None = None
) -> Consent:
    """Write what the person agreed to or refused; earlier rows stay as they were. `more` are other columns of the row. Raises Gone; ErasedPerson
    for what an erased person would have given: a refusal is always taken.
    """
    contact = held(contact)
    if state is ConsentState.GIVEN:
        barred.refuse_erased(contact)
    said = {"channel": channel, "state": state, "how": how.strip()[:200], **(more or {})}
    consent = Consent.objects.create(contact=contact, recorded_by=by.actor, at=at, **said)
    audit.record(contact, action="consent", by=by, at=at, changes={channel.value: (None, state.value)})
    if state is ConsentState.GIVEN:
        bus.say(Sign(contact.pk, Trigger.CONSENT, by, at, channel=channel.value))
    else:
        bus.say(OptedOut(contact.pk, channel, by=by, at=at))
    return consent


@transaction.atomic
def add_product(name: str, *, line: str, price: Decimal | None, currency: str, by: By, at: datetime) -> Product:
    """A new product. Raises ProductNameTaken."""
    name = name.strip()
    if Product.objects.filter(name=name).exists():
        raise ProductNameTaken(name)
    product = Product.objects.create(name=name, line=line.strip(), price=price, currency=currency if price is not None else "", created_at=at)
    audit.record(product, action="add", by=by, at=at, changes={"name": ("", name)})
    return product


@transaction.atomic
def change_product(product: Product, *, said: Said, by: By, at: datetime, seen: Seen | None = None) -> Product:
    """Change some of what is known of what is sold: `name`, `line`, `money` (its price), `is_active`. Leads keep the line that they began with.

    Raises ChangedMeanwhile, NameMissing, ProductNameTaken.
    """
    product = held(product)
    plain = trimmed(said)
    refuse_overtaken(product, said=plain, seen=seen)
    columns = {name: value for name, value in plain.items() if name != "money"}
    if "money" in plain:
        price: Money | None = plain["money"]
        columns |= {"price": price.amount if price else None, "currency": price.currency if price else ""}
    if not columns.get("name", product.name):
        raise NameMissing
    if "name" in columns and Product.objects.filter(name=columns["name"]).exclude(pk=product.pk).exists():
        raise ProductNameTaken(columns["name"])
    if changes := audit.difference(product, columns):
        Product.objects.filter(pk=product.pk).update(**columns)
        audit.record(product, action="change", by=by, at=at, changes=changes)
        product.refresh_from_db()
    return product


def _keys(person: Person) -> PersonKeys:
    mails = [emails.normalise(person.email)[1]] if person.email.strip() else []
    numbers = [phones.to_e164(person.phone, person.country)] if person.phone.strip() else []
    return PersonKeys(mails, numbers, person.account.pk if person.account else None, duplicates.name_key(person.family_name, person.given_name))


def _met(record: Account | Contact, keys: CompanyKeys | PersonKeys, *, another: str | None) -> list[Match]:
    """The other records that have what is new about this one. Raises AlreadyKnown when nobody said why they are others."""
    if another is None:
        return []
    return duplicates.look_before(keys, another=another, but=[record.pk, *duplicate_groups.apart_from(record.noun, record.pk)])


def _fresh_company_keys(account: Account, columns: Mapping[str, Any]) -> CompanyKeys:
    """What it is recognised by from now on and was not before; its number also says which others it is not."""
    folded, domain = columns.get("folded_name", ""), columns.get("domain", "")
    return CompanyKeys(
        folded if folded != account.folded_name else "",
        domain if domain != account.domain else "",
        columns.get("country", account.country),
        columns.get("corporate_number", account.corporate_number),
    )


def _fresh_person_keys(contact: Contact, columns: Mapping[str, Any], reached: Mapping[str, reach.Rows]) -> PersonKeys:
    """What the person is recognised by from now on and was not before."""
    mails = {row["key"] for row in reached.get("emails", {}).values()} - {mail.key for mail in contact.emails.all()}
    numbers = {row["e164"] for row in reached.get("phones", {}).values()} - {phone.e164 for phone in contact.phones.all()}
    was = contact.account_id, duplicates.name_key(contact.family_name, contact.given_name)
    account = columns.get("account", contact.account)
    names = (columns.get(name, getattr(contact, name)) for name in ("family_name", "given_name"))
    is_now = account.pk if account else None, duplicates.name_key(*names)
    return PersonKeys(mails, numbers, *(is_now if is_now != was else (None, "")))


def _apart(another: str, known: list[Match]) -> audit.Changes:
    """Why the new one is another than those that are there, for the trail."""
    return {"reason": ("", another.strip()[:200])} if known else {}


def _refuse_taken_number(columns: dict[str, Any], own: int | None) -> None:
    if columns["corporate_number"]:
        other = Account.objects.filter(country=columns["country"], corporate_number=columns["corporate_number"]).first()
        if other and other.pk != own:
            raise CorporateNumberTaken(other)


def _refuse_circle(account: Account, parent: Account | None) -> None:
    above, seen = parent, set[int]()
    while above and above.pk not in seen:
        if above.pk == account.pk:
            raise ParentInCircle(parent or above)
        seen.add(above.pk)
        above = above.parent
