"""How accounts, contacts, leads, products and tasks are found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tasuki.core.search.nouns import Owners, Searched, Texts
from tasuki.core.searched import both_orders, nearest_of
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact, ContactEmail, ContactPhone
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tasuki.core.people import User


def _accounts(ids: Sequence[int]) -> Iterator[Texts]:
    rows = Account.objects.filter(pk__in=ids).values_list("pk", "folded_name", "name", "domain", "corporate_number", "reference")
    for pk, folded, name, *others in rows:
        # Without its legal form first: who looks for 株式会社波田 types 波田.
        yield Texts(pk, [folded, name], others)


def _contacts(ids: Sequence[int]) -> Iterator[Texts]:
    reach: dict[int, list[str]] = defaultdict(list)
    for pk, address in ContactEmail.objects.filter(contact__in=ids).order_by("pk").values_list("contact_id", "address"):
        reach[pk].append(address)
    for pk, number in ContactPhone.objects.filter(contact__in=ids).order_by("pk").values_list("contact_id", "e164"):
        reach[pk].append(number)
    for pk, family, given, account, reference in Contact.objects.filter(pk__in=ids).values_list("pk", "family_name", "given_name", "account", "reference"):
        yield Texts(pk, both_orders(family, given), [reference], reach[pk], account)


def _companies_of(ids: Sequence[int]) -> set[tuple[int, int]]:
    """The companies of people, and those of their leads: who has another company now was a lead at the former."""
    own = Contact.objects.filter(pk__in=ids, account__isnull=False).values_list("pk", "account_id")
    of_leads = Lead.objects.filter(contact__in=ids, account__isnull=False).values_list("contact_id", "account_id")
    return {*own, *of_leads}


def _people_of(ids: Sequence[int]) -> set[int]:
    of_leads = Lead.objects.filter(account__in=ids, contact__isnull=False).values_list("contact_id", flat=True)
    return {*Contact.objects.filter(account__in=ids).values_list("pk", flat=True), *of_leads}


def _products(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, name, code in Product.objects.filter(pk__in=ids).values_list("pk", "name", "code"):
        yield Texts(pk, [name], [code])


def _tasks(ids: Sequence[int]) -> Iterator[Texts]:
    for pk, subject in Task.objects.filter(pk__in=ids).values_list("pk", "subject"):
        yield Texts(pk, [subject])


def _near_accounts(user: User) -> list[QuerySet[Any]]:
    own, of_leads = Account.objects.order_by("-pk"), Lead.objects.newest_first()
    return nearest_of(own, user, noun="account") + nearest_of(of_leads, user, noun="lead", column="account_id")


def _near_contacts(user: User) -> list[QuerySet[Any]]:
    return nearest_of(Lead.objects.newest_first(), user, noun="lead", column="contact_id")


def _near_tasks(user: User) -> list[QuerySet[Any]]:
    return nearest_of(Task.objects.order_by("-pk"), user, noun="task")


ACCOUNTS = Searched("account", "crm.Account", _accounts, nearest=_near_accounts)
CONTACTS = Searched(
    "contact",
    "crm.Contact",
    _contacts,
    through={"account": "account_id"},
    belongs_to="account",
    owners={"account": Owners(_companies_of, _people_of)},
    ruled_by="account",
    hides=frozenset({"emails", "phones"}),
    nearest=_near_contacts,
)
LEADS = Searched("lead", "crm.Lead", through={"contact": "contact_id", "account": "account_id"}, exact=("reference",))
PRODUCTS = Searched("product", "crm.Product", _products)
TASKS = Searched("task", "crm.Task", _tasks, nearest=_near_tasks, is_name=False)
