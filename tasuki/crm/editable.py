"""What can be changed of leads, accounts, contacts, products and tasks, field by field. The source of a lead is not among it: it never changes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.edits.nouns import Editable, day, record_of, text, texts, whole
from tasuki.core.edits.nouns import money as money_
from tasuki.core.meanwhile import Said, Seen, refuse_overtaken, trimmed
from tasuki.crm import barred, leads, records, tasks
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User


def _accounts(user: User) -> QuerySet[Account]:
    return Account.objects.visible_to(user).for_page()


def _contacts(user: User) -> QuerySet[Contact]:
    return Contact.objects.visible_to(user).for_page()


def _leads(user: User) -> QuerySet[Lead]:
    return Lead.objects.visible_to(user).for_page()


def _products(user: User) -> QuerySet[Product]:
    return Product.objects.visible_to(user)


ACCOUNTS = Editable(
    "account",
    Ability.WORK_ACCOUNTS,
    _accounts,
    records.change_account,
    {
        "name": text,
        "domain": text,
        "industry": text,
        "n_employees": whole,
        "country": text,
        "corporate_number": text,
        "postal_address": text,
        "parent": record_of("crm.Account"),
    },
    of_many=("industry", "country"),
)
CONTACTS = Editable(
    "contact",
    Ability.WORK_ACCOUNTS,
    _contacts,
    records.change_contact,
    {
        "family_name": text,
        "given_name": text,
        "title": text,
        "department": text,
        "roles": text,
        "account": record_of("crm.Account"),
        "emails": texts,
        "phones": texts,
    },
    sensitive={"emails": "emails", "phones": "phones"},
    of_many=("title", "department", "roles", "account"),
    is_open=lambda contact: not barred.is_erased(contact),
)
LEADS = Editable(
    "lead",
    Ability.WORK_LEADS,
    _leads,
    leads.change,
    {"segment": text, "product": record_of("crm.Product")},
    of_many=("segment", "product"),
    is_open=lambda lead: not barred.is_erased(lead),
)
PRODUCTS = Editable(
    "product",
    Ability.EDIT_PRODUCTS,
    _products,
    records.change_product,
    {"name": text, "line": text, "money": money_, "is_active": bool},
    sensitive={"money": "price"},
)


@transaction.atomic
def change_task(task: Task, *, said: Said, by: By, at: datetime, seen: Seen | None = None) -> Task:
    """Change some of what a task says, unless somebody else did meanwhile. Raises ChangedMeanwhile, and what `tasks.change` raises."""
    refuse_overtaken(tasks.locked(task), said=trimmed(said), seen=seen)
    return tasks.change(task, by=by, at=at, **said)


def _tasks(user: User) -> QuerySet[Task]:
    return Task.objects.visible_to(user).for_page()


TASKS = Editable(
    "task",
    Ability.WORK_ACCOUNTS,
    _tasks,
    change_task,
    {"subject": text, "kind": text, "details": text, "due_on": day, "owner": record_of("core.User")},
    is_open=lambda task: task.done_at is None,
)
