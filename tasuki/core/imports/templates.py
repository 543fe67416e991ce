"""What the exports of common CRMs look like: columns by which one is known, and which of our fields they fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasuki.core.imports.synonyms import folded


@dataclass(frozen=True)
class Template:
    """`columns` maps our fields to columns of the export; `known_by` are the columns that only this export has together."""

    program: str
    noun: str
    known_by: tuple[str, ...]
    columns: dict[str, str]


def _of(program: str, noun: str, known_by: str, **columns: str) -> Template:
    return Template(program, noun, tuple(known_by.split("|")), columns)


TEMPLATES = (
    _of("Salesforce", "leads", "Lead ID|Lead Owner|Lead Status|Company / Account", reference="Lead ID", given_name="First Name", family_name="Last Name",
        account="Company / Account", title="Title", email="Email", phone="Phone", source="Lead Source", stage="Lead Status", owner="Lead Owner", opened_at="Create Date"),
    _of("Salesforce", "leads", "Id|FirstName|LastName|LeadSource|IsConverted", reference="Id", given_name="FirstName", family_name="LastName", account="Company",
        title="Title", email="Email", phone="Phone", source="LeadSource", stage="Status", opened_at="CreatedDate"),
    _of("Salesforce", "accounts", "Account ID|Account Name|Account Owner|Billing Country", reference="Account ID", name="Account Name", domain="Website",
        industry="Industry", n_employees="Employees", country="Billing Country", parent="Parent Account", owner="Account Owner"),
    _of("Salesforce", "accounts", "Id|Name|NumberOfEmployees|BillingCountry", reference="Id", name="Name", domain="Website", industry="Industry",
        n_employees="NumberOfEmployees", country="BillingCountry"),
    _of("Salesforce", "contacts", "Contact ID|First Name|Last Name|Account Name", given_name="First Name", family_name="Last Name", account="Account Name",
        title="Title", email="Email", phone="Phone"),
    _of("Salesforce", "opportunities", "Opportunity Name|Opportunity Owner|Stage|Close Date", reference="Opportunity ID", name="Opportunity Name",
        account="Account Name", amount="Amount", stage="Stage", outcome="Stage", owner="Opportunity Owner", opened_at="Created Date", closed_at="Close Date",
        source="Lead Source"),
    _of("Salesforce", "opportunities", "Id|Name|StageName|CloseDate|IsWon", reference="Id", name="Name", amount="Amount", stage="StageName", outcome="StageName",
        opened_at="CreatedDate", closed_at="CloseDate", source="LeadSource"),
    _of("HubSpot", "contacts", "Record ID|First Name|Last Name|Lifecycle Stage", given_name="First Name", family_name="Last Name", email="Email",
        phone="Phone Number", title="Job Title", account="Associated Company"),
    _of("HubSpot", "accounts", "Record ID|Company name|Company Domain Name", reference="Record ID", name="Company name", domain="Company Domain Name",
        industry="Industry", n_employees="Number of Employees", country="Country/Region", owner="Company owner"),
    _of("HubSpot", "opportunities", "Record ID|Deal Name|Deal Stage|Pipeline", reference="Record ID", name="Deal Name", amount="Amount", stage="Deal Stage",
        outcome="Deal Stage", owner="Deal owner", opened_at="Create Date", closed_at="Close Date", account="Associated Company"),
    _of("Zoho CRM", "leads", "LEADID|Lead Owner|Lead Status|CONVERTED", reference="LEADID", family_name="Last Name", given_name="First Name", account="Company",
        owner="Lead Owner", email="Email", phone="Mobile", source="Lead Source", stage="Lead Status", opened_at="Created Time"),
    _of("Zoho CRM", "accounts", "ACCOUNTID|Account Name|Account Owner", reference="ACCOUNTID", name="Account Name", domain="Website", industry="Industry",
        owner="Account Owner"),
    _of("Zoho CRM", "contacts", "CONTACTID|Last Name|Account Id", family_name="Last Name", given_name="First Name", account="Account Id", email="Email", phone="Mobile"),
    _of("Zoho CRM", "opportunities", "Potential Name|Potential Owner|Closing Date|Stage", name="Potential Name", lead="LEADID", owner="Potential Owner",
        amount="Amount", stage="Stage", outcome="Stage", opened_at="Created Time", closed_at="Closing Date"),
    _of("Zoho CRM", "products", "PRODUCTID|Product Name|Product Code", name="Product Name", code="Product Code", line="Product Category"),
    _of("Pipedrive", "opportunities", "Deal - Title|Deal - Value|Deal - Stage", reference="Deal - ID", name="Deal - Title", amount="Deal - Value",
        currency="Deal - Currency", stage="Deal - Stage", outcome="Deal - Status", owner="Deal - Owner", account="Deal - Organization",
        opened_at="Deal - Deal created", won_at="Deal - Won time", lost_at="Deal - Lost time", lost_because="Deal - Lost reason",
        close_on="Deal - Expected close date"),
    _of("Pipedrive", "contacts", "Person - Name|Person - Organization", full_name="Person - Name", account="Person - Organization", email="Person - Email - Work",
        phone="Person - Phone - Work"),
    _of("Pipedrive", "accounts", "Organization - Name|Organization - Owner", reference="Organization - ID", name="Organization - Name", owner="Organization - Owner"),
    _of("Dynamics 365", "leads", "(Do Not Modify) Lead|Topic|Status Reason", reference="(Do Not Modify) Lead", full_name="Name", stage="Status Reason", account="Company Name",
        email="Email", phone="Business Phone", opened_at="Created On", owner="Owner"),
    _of("Dynamics 365", "accounts", "(Do Not Modify) Account|Account Name", reference="(Do Not Modify) Account", name="Account Name", domain="Website",
        country="Address 1: Country/Region", owner="Owner"),
    _of("Dynamics 365", "contacts", "(Do Not Modify) Contact|Full Name", full_name="Full Name", account="Company Name", email="Email", phone="Business Phone",
        title="Job Title"),
    _of("Dynamics 365", "opportunities", "(Do Not Modify) Opportunity|Topic|Potential Customer", reference="(Do Not Modify) Opportunity", name="Topic",
        account="Potential Customer", amount="Est. Revenue", close_on="Est. Close Date", owner="Owner", opened_at="Created On", outcome="Status"),
    _of("Maven", "opportunities", "opportunity_id|sales_agent|deal_stage|engage_date|close_value", reference="opportunity_id", owner="sales_agent",
        product="product", account="account", stage="deal_stage", outcome="deal_stage", opened_at="engage_date", closed_at="close_date", amount="close_value"),
    _of("Maven", "accounts", "account|sector|office_location|subsidiary_of", name="account", industry="sector", n_employees="employees", country="office_location",
        parent="subsidiary_of"),
    _of("Maven", "products", "product|series|sales_price", name="product", line="series", price="sales_price"),
)  # fmt: skip


def known(header: Sequence[str]) -> Template | None:
    """The export that the header is of: all columns by which it is known are there; of several, the one known by most."""
    have = {folded(name) for name in header}
    fitting = [one for one in TEMPLATES if all(folded(name) in have for name in one.known_by)]
    return max(fitting, key=lambda one: (len(one.known_by), sum(folded(name) in have for name in one.columns.values())), default=None)
