"""The company of a lead that came without one: its person's, else the one account that has the domain of the person's mail address, or the nearest
above it (`domain_parents`).

A mail provider's domain says nothing about a company, nor does one that several accounts have: nobody guesses which of them is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from tasuki.core import audit
from tasuki.core.audit import By
from tasuki.core.imports.copying import array_of, look_up
from tasuki.core.meanwhile import held
from tasuki.crm import domain_parents, leads, matching
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail
from tasuki.crm.leads import Lead
from tasuki.crm.timeline import Kind, TimelineEntry

if TYPE_CHECKING:
    from tasuki.core.imports.nouns import Chunk

# As long as an address can be: what is longer is none, and is not looked at.
_LONGEST = 320
# Under this name a timeline says by which domain a company was found.
BY_DOMAIN = "by_domain"

# NULL for a domain that several have: what is above it is not asked then.
_OF_DOMAINS = "SELECT domain, CASE count(*) WHEN 1 THEN min(id) END FROM crm_account WHERE domain <> '' AND domain = ANY(%s) GROUP BY domain"
# The one statement for all rows of a chunk: the companies of people who are here, and those of domains.
_OF_ROWS = f"""
SELECT 'd' || of.domain, of.id FROM ({_OF_DOMAINS}) AS of(domain, id)
UNION ALL SELECT 'p' || contact.id, contact.account_id FROM crm_contact contact WHERE contact.id = ANY(%s) AND contact.account_id IS NOT NULL
"""


def domain_of(address: str) -> str:
    """The domain by which the address may name a company, in ASCII lower case; "" for a mail provider's, and for what is no address."""
    domain = matching.domain_of(address) if "@" in address and len(address) <= _LONGEST else ""
    return "" if matching.is_free_mail(domain) else domain


def of_addresses(addresses: Iterable[str]) -> tuple[Account, str] | None:
    """(the account, its domain) that the addresses name, the first that names one; None if none does. Whom one may see is the caller's to ask."""
    domains = [domain for address in addresses if (domain := domain_of(address))]
    known = look_up(_OF_DOMAINS, {one for domain in domains for one in domain_parents.upwards(domain)})
    found = next((near for domain in domains if (near := domain_parents.nearest(domain, known))), None)
    return (Account.objects.get(pk=found[1]), found[0]) if found else None


@transaction.atomic
def place(lead: Lead, *, by: By, at: datetime) -> Lead:
    """Give a lead without a company the one of its person, and the person that of their mail address if they have none; → the lead as it is now.

    Its timeline says by which domain. What names no company, or more than one, leaves the lead as it was. Raises Gone.
    """
    lead = leads.locked(lead)
    if lead.account_id is not None or lead.contact_id is None:
        return lead
    contact = held(Contact(pk=lead.contact_id))
    account, domain = contact.account, ""
    if account is None:
        keys = ContactEmail.objects.filter(contact=contact).order_by("-is_primary", "pk").values_list("key", flat=True)
        account, domain = of_addresses(keys) or (None, "")
    if account is None:
        return lead
    Lead.objects.filter(pk=lead.pk).update(account=account, updated_at=at)
    audit.record(lead, action="change", by=by, at=at, changes={"account": (None, account)})
    if contact.account_id is None:
        Contact.objects.filter(pk=contact.pk).update(account=account, updated_at=at)
        audit.record(contact, action="change", by=by, at=at, changes={"account": (None, account)})
    lead = leads.locked(lead)
    note(lead, domain=domain, at=at)
    return lead


def may_be_placed(without: Sequence[Lead]) -> set[int]:
    """Of leads without a company, those that `place` may find one for; the person of each is loaded. Two questions, however many leads."""
    alone = {lead.contact_id for lead in without if lead.contact and lead.contact.account_id is None}
    keys = ContactEmail.objects.filter(contact__in=alone).values_list("contact_id", "key") if alone else ()
    domains = [(contact, domain) for contact, key in keys if (domain := domain_of(key))]
    known = look_up(_OF_DOMAINS, {one for _contact, domain in domains for one in domain_parents.upwards(domain)})
    named = {contact for contact, domain in domains if domain_parents.nearest(domain, known)}
    return {lead.pk for lead in without if lead.contact and (lead.contact.account_id is not None or lead.contact_id in named)}


def note(lead: Lead, *, domain: str, at: datetime) -> None:
    """Say on the timeline by which domain the company of the lead was found; nothing for one that came with its person. Nobody's deed: no
    person has a claim on the company by it."""
    if domain:
        detail = {BY_DOMAIN: domain}
        TimelineEntry.objects.create(at=at, kind=Kind.MOVE, lead=lead, contact=lead.contact, account=lead.account, detail=detail)


def came_by(lead: Lead) -> str:
    """The domain by which the lead got its company; "" if it came with it."""
    if lead.account_id is None:
        return ""
    told = TimelineEntry.objects.filter(lead=lead, account=lead.account_id, detail__has_key=BY_DOMAIN)
    return str(told.order_by("-at", "-pk").values_list(f"detail__{BY_DOMAIN}", flat=True).first() or "")


def of_rows(chunk: Chunk) -> None:
    """Set `account_id` in the values of rows that name no company: by their person, else by the domain of their address (then BY_DOMAIN too).

    One statement for all of them. Call it when people are recognised and companies named. Somebody new comes to the company of their first row;
    who is here stays where they are, as an import of leads changes no contact.
    """
    rows = [line.values for line in chunk.waiting()]
    without = [values for values in rows if "account_id" not in values]
    if not without:
        return
    companies, known = _known({_host(values) for values in without}, {values["contact_id"] for values in without if "contact_id" in values})
    known |= {str(pk): account for pk, account in chunk.ahead.get("company_of", {}).items()}
    for values in rows:
        own = str(values["person"])
        if "account_id" not in values and own in known:
            values["account_id"] = known[own]
        elif "account_id" not in values and (near := companies.get(_host(values))):
            values[BY_DOMAIN], values["account_id"] = near
        if "account_id" in values:
            known.setdefault(own, values["account_id"])


def _host(values: dict[str, Any]) -> str:
    """The domain of a row's address, of which the key has it as accounts do."""
    host = values["email"][1].rsplit("@", 1)[1] if "email" in values else ""
    return "" if matching.is_free_mail(host) else host


def _known(hosts: set[str], people: set[int]) -> tuple[Mapping[str, tuple[str, int]], dict[str, int]]:
    """(the domain and the account that each host names, the account of each person): one statement. A person is known by the text of the number."""
    domains = sorted({one for host in hosts for one in domain_parents.upwards(host)})
    with connection.cursor() as cursor:
        cursor.execute(_OF_ROWS, [array_of(keys) if keys else "{}" for keys in (domains, sorted(people))])
        found = cursor.fetchall()
    of_domains: dict[str, int | None] = {key[1:]: account for key, account in found if key[0] == "d"}
    near = {host: one for host in hosts if (one := domain_parents.nearest(host, of_domains))}
    return near, {key[1:]: account for key, account in found if key[0] == "p"}
