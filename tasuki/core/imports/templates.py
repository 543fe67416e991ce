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
        owner="Lead Owner", email="Email", phone="Mobile", other_phone="Phone", other_email="Secondary Email", source="Lead Source", stage="Lead Status", opened_at="Created Time"),
    _of("Zoho CRM", "accounts", "ACCOUNTID|Account Name|Account Owner", reference="ACCOUNTID", name="Account Name", domain="Website", industry="Industry",
        owner="Account Owner"),
    _of("Zoho CRM", "contacts", "CONTACTID|Last Name|Account Id", family_name="Last Name", given_name="First Name", account="Account Id", email="Email", phone="Mobile",
        other_phone="Phone", other_email="Secondary Email"),
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
    _of("HubSpot", "leads", "Record ID|Lead Name|Lead Stage|Lead Owner", reference="Record ID", full_name="Lead Name", stage="Lead Stage", owner="Lead Owner",
        opened_at="Create Date", source="Original Traffic Source", account="Associated Company", email="Email"),
    _of("HubSpot", "contacts", "레코드 ID|이름|성|이메일|전화번호", given_name="이름", family_name="성", email="이메일", phone="전화번호", title="직책",
        account="연결된 회사"),
    _of("HubSpot", "accounts", "레코드 ID|회사 이름|회사 도메인 이름", reference="레코드 ID", name="회사 이름", domain="회사 도메인 이름", industry="업종",
        n_employees="직원 수", country="국가/지역", owner="회사 소유자"),
    _of("HubSpot", "opportunities", "레코드 ID|거래 이름|거래 단계|파이프라인", reference="레코드 ID", name="거래 이름", amount="금액", stage="거래 단계",
        outcome="거래 단계", owner="거래 소유자", opened_at="생성 날짜", closed_at="마감 날짜", account="연결된 회사"),
    _of("HubSpot", "contacts", "レコードID|姓|名|Eメール|電話番号", given_name="名", family_name="姓", email="Eメール", phone="電話番号", title="役職",
        account="関連する会社"),
    _of("HubSpot", "accounts", "レコードID|会社名|会社のドメイン名", reference="レコードID", name="会社名", domain="会社のドメイン名", industry="業種",
        n_employees="従業員数", country="国/地域", owner="会社の担当者"),
    _of("HubSpot", "opportunities", "レコードID|取引名|取引ステージ|パイプライン", reference="レコードID", name="取引名", amount="金額", stage="取引ステージ",
        outcome="取引ステージ", owner="取引担当者", opened_at="作成日", closed_at="クローズ日", account="関連する会社"),
    _of("Salesforce", "leads", "리드 ID|리드 소유자|리드 상태|회사/계정", reference="리드 ID", given_name="이름", family_name="성", account="회사/계정", title="직함",
        email="이메일", phone="전화", source="리드 소스", stage="리드 상태", owner="리드 소유자", opened_at="만든 날짜"),
    _of("Salesforce", "accounts", "계정 ID|계정 이름|계정 소유자", reference="계정 ID", name="계정 이름", domain="웹 사이트", industry="업종", n_employees="직원",
        country="청구 국가", parent="상위 계정", owner="계정 소유자"),
    _of("Salesforce", "contacts", "연락처 ID|이름|성|계정 이름", given_name="이름", family_name="성", account="계정 이름", title="직함", email="이메일", phone="전화"),
    _of("Salesforce", "opportunities", "기회 이름|기회 소유자|단계|마감일", reference="기회 ID", name="기회 이름", account="계정 이름", amount="금액", stage="단계",
        outcome="단계", owner="기회 소유자", opened_at="만든 날짜", closed_at="마감일", source="리드 소스"),
    _of("Salesforce", "leads", "リード ID|リード 所有者|リード状況|会社名", reference="リード ID", given_name="名", family_name="姓", account="会社名", title="役職",
        email="メール", phone="電話", source="リードソース", stage="リード状況", owner="リード 所有者", opened_at="作成日"),
    _of("Salesforce", "accounts", "取引先 ID|取引先名|取引先 所有者", reference="取引先 ID", name="取引先名", domain="Web サイト", industry="業種",
        n_employees="従業員数", country="請求先 国", parent="親取引先", owner="取引先 所有者"),
    _of("Salesforce", "contacts", "取引先責任者 ID|姓|名|取引先名", given_name="名", family_name="姓", account="取引先名", title="役職", email="メール", phone="電話"),
    _of("Salesforce", "opportunities", "商談名|商談 所有者|フェーズ|完了予定日", reference="商談 ID", name="商談名", account="取引先名", amount="金額", stage="フェーズ",
        outcome="フェーズ", owner="商談 所有者", opened_at="作成日", closed_at="完了予定日", source="リードソース"),
    _of("Zoho CRM", "leads", "Record Id|Lead Owner|Lead Status|Company", reference="Record Id", family_name="Last Name", given_name="First Name",
        account="Company", title="Title", owner="Lead Owner", email="Email", phone="Phone", source="Lead Source", stage="Lead Status", opened_at="Created Time"),
    _of("Zoho CRM", "accounts", "Record Id|Account Name|Account Owner|Website", reference="Record Id", name="Account Name", domain="Website",
        industry="Industry", n_employees="Employees", country="Billing Country", parent="Parent Account", owner="Account Owner"),
    _of("Zoho CRM", "contacts", "Record Id|Contact Owner|Last Name|Account Name", family_name="Last Name", given_name="First Name", account="Account Name",
        title="Title", email="Email", phone="Phone"),
    _of("Zoho CRM", "opportunities", "Record Id|Deal Name|Deal Owner|Closing Date", reference="Record Id", name="Deal Name", account="Account Name",
        owner="Deal Owner", amount="Amount", stage="Stage", outcome="Stage", opened_at="Created Time", closed_at="Closing Date", source="Lead Source"),
    _of("Pipedrive", "leads", "Lead - Title|Lead - Owner|Lead - Lead created", reference="Lead - ID", full_name="Lead - Contact person",
        account="Lead - Organization", source="Lead - Source", owner="Lead - Owner", opened_at="Lead - Lead created"),
    _of("Pipedrive", "products", "Product - Name|Product - Product code", name="Product - Name", code="Product - Product code", line="Product - Category"),
    _of("Odoo", "leads", "Lead|Contact Name|Company Name|Salesperson|Sales Team", reference="External ID", full_name="Contact Name", account="Company Name",
        title="Job Position", email="Email", phone="Phone", source="Source", owner="Salesperson", team="Sales Team", opened_at="Created on"),
    _of("Odoo", "opportunities", "Opportunity|Expected Revenue|Salesperson|Stage", reference="External ID", name="Opportunity", account="Customer",
        amount="Expected Revenue", stage="Stage", outcome="Stage", owner="Salesperson", opened_at="Created on", close_on="Expected Closing"),
    _of("Odoo", "opportunities", "name|expected_revenue|stage_id|user_id|team_id", reference="id", name="name", account="partner_id", amount="expected_revenue",
        stage="stage_id", outcome="stage_id", owner="user_id", opened_at="create_date", close_on="date_deadline"),
    _of("Odoo", "contacts", "Complete Name|Job Position|Related Company", full_name="Complete Name", account="Related Company", title="Job Position",
        email="Email", phone="Phone"),
    _of("Odoo", "products", "Name|Internal Reference|Sales Price|Product Category", name="Name", code="Internal Reference", line="Product Category",
        price="Sales Price"),
    _of("EspoCRM", "leads", "id|firstName|lastName|accountName|status|assignedUserName", reference="id", given_name="firstName", family_name="lastName",
        account="accountName", title="title", email="emailAddress", phone="phoneNumber", source="source", stage="status", owner="assignedUserName",
        opened_at="createdAt"),
    _of("EspoCRM", "accounts", "id|name|website|emailAddress|industry|billingAddressCountry", reference="id", name="name", domain="website",
        industry="industry", country="billingAddressCountry", owner="assignedUserName"),
    _of("EspoCRM", "contacts", "id|firstName|lastName|accountName|accountRole", given_name="firstName", family_name="lastName", account="accountName",
        title="accountRole", email="emailAddress", phone="phoneNumber"),
    _of("EspoCRM", "opportunities", "id|name|accountName|stage|amount|closeDate", reference="id", name="name", account="accountName", amount="amount",
        currency="amountCurrency", stage="stage", outcome="stage", owner="assignedUserName", opened_at="createdAt", closed_at="closeDate", source="leadSource"),
    _of("Mautic", "leads", "firstname|lastname|email|position|points", reference="id", given_name="firstname", family_name="lastname", account="company",
        title="position", email="email", phone="phone", opened_at="date_added"),
    _of("Mautic", "accounts", "companyname|companyemail|companyindustry", reference="id", name="companyname", domain="companywebsite",
        industry="companyindustry", n_employees="companynumber_of_employees", country="companycountry"),
    _of("Dynamics 365", "leads", "(수정 안 함) 잠재 고객|주제|상태 설명", reference="(수정 안 함) 잠재 고객", full_name="이름", stage="상태 설명", account="회사 이름",
        email="전자 메일", phone="회사 전화", opened_at="만든 날짜", owner="담당자"),
    _of("Dynamics 365", "leads", "(変更しないでください) 潜在顧客|トピック|ステータスの理由", reference="(変更しないでください) 潜在顧客", full_name="名前",
        stage="ステータスの理由", account="会社名", email="電子メール", phone="勤務先電話番号", opened_at="作成日", owner="所有者"),
    _of("Dynamics 365", "products", "(Do Not Modify) Product|Product ID|Name", name="Name", code="Product ID"),
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
