"""What leads, accounts, contacts, tasks and products can be asked in a filter."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tasuki.core.filters import options
from tasuki.core.filters.fields import Among, Field, Fields, Folded, Kind
from tasuki.core.people import User
from tasuki.crm import contacts
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead, LeadState, Origin
from tasuki.crm.products import Product
from tasuki.crm.stages import Stage
from tasuki.crm.tasks import Task, TaskKind


def stages_in_order(user: User) -> list[tuple[str, str]]:
    return [(stage.pk, stage.name) for stage in Stage.objects.visible_to(user)]


def products(user: User) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Product.objects.visible_to(user).order_by("name").values_list("pk", "name")]


def letters(_user: User) -> list[tuple[str, str]]:
    """The grades of fit; of engagement it is asked by what is left of it on a day, and so by the last sign of it."""
    return [(letter, letter) for letter in "ABCD"]


def _name_of_lead(lead: Lead) -> str:
    return f"{lead.title} · {lead.account.name}" if lead.account and lead.contact else lead.title


def _name_of_contact(contact: Contact) -> str:
    return f"{contact.display_name} · {contact.account.name}" if contact.account else contact.display_name


# These are too many to choose from: one is named.
account_names = options.called(Account, lambda account: account.name)
contact_names = options.called(Contact, _name_of_contact, "account")
lead_names = options.called(Lead, _name_of_lead, "contact", "account")


def open_tasks(through: str) -> Field:
    """The tasks that are still to be done, by the day they are due; as far as whoever asks sees them."""
    among = Among(Q(done_at__isnull=True), lambda task: task.done_at is None, noun="task")
    return Field("task", _("open task"), Kind.DATE, "due_on", through=through, among=among, is_there=True)


LEAD = Fields(
    Lead,
    [
        Field("state", _("state"), Kind.CHOICE, "state", options=options.choices(LeadState)),
        Field("stage", _("stage"), Kind.CHOICE, "stage_id", options=stages_in_order),
        Field("source", _("source"), Kind.CHOICE, "source", options=options.commonest(Lead, "source")),
        Field("source_detail", _("source in detail"), Kind.TEXT, "source_detail"),
        Field("segment", _("segment"), Kind.CHOICE, "segment", options=options.commonest(Lead, "segment")),
        Field("origin", _("origin"), Kind.CHOICE, "origin", options=options.choices(Origin)),
        Field("owner", _("owner"), Kind.PERSON, "owner_id", team="team_id", options=options.colleagues),
        Field("team", _("team"), Kind.TEAM, "team_id", options=options.teams),
        Field("product", _("product"), Kind.RECORD, "product_id", options=products),
        Field("pass", _("pass"), Kind.WHOLE, "seq_no"),
        Field("opened", _("opened"), Kind.MOMENT, "opened_at"),
        Field("stage_since", _("in this stage since"), Kind.MOMENT, "stage_since"),
        Field("won", _("won"), Kind.MOMENT, "won_at"),
        Field("ended", _("ended"), Kind.MOMENT, "ended_at"),
        Field("changed", _("changed"), Kind.MOMENT, "updated_at"),
        Field("reference", _("reference"), Kind.TEXT, "reference"),
        Field("account", _("account"), Kind.RECORD, "account_id", names=account_names, noun="account"),
        Field("account.name", _("name of the account"), Kind.TEXT, "account__name"),
        Field("account.country", _("country of the account"), Kind.CHOICE, "account__country", options=options.countries(Account, "country")),
        Field("account.industry", _("industry of the account"), Kind.CHOICE, "account__industry", options=options.commonest(Account, "industry")),
        Field("account.employees", _("employees of the account"), Kind.WHOLE, "account__n_employees"),
        Field("contact", _("contact"), Kind.RECORD, "contact_id", names=contact_names, noun="contact"),
        Field("family_name", _("family name"), Kind.TEXT, "contact__family_name"),
        Field("given_name", _("given name"), Kind.TEXT, "contact__given_name"),
        Field("title", _("job title"), Kind.TEXT, "contact__title"),
        Field("fit", _("fit"), Kind.WHOLE, "score__fit"),
        Field("grade", _("grade of fit"), Kind.CHOICE, "score__letter", options=letters),
        Field("interest", _("last sign of interest"), Kind.MOMENT, "score__last_at"),
        Field("language", _("language"), Kind.CHOICE, "contact__language", options=options.commonest(Contact, "language")),
        open_tasks("tasks"),
    ],
)

ACCOUNT = Fields(
    Account,
    [
        Field("name", _("name"), Kind.TEXT, "name"),
        Field("country", _("country"), Kind.CHOICE, "country", options=options.countries(Account, "country")),
        Field("industry", _("industry"), Kind.CHOICE, "industry", options=options.commonest(Account, "industry")),
        Field("employees", _("employees"), Kind.WHOLE, "n_employees"),
        Field("owner", _("owner"), Kind.PERSON, "owner_id", team="team_id", options=options.colleagues),
        Field("team", _("team"), Kind.TEAM, "team_id", options=options.teams),
        Field("domain", _("domain"), Kind.TEXT, "domain"),
        Field("corporate_number", _("corporate number"), Kind.TEXT, "corporate_number"),
        Field("postal_address", _("postal address"), Kind.TEXT, "postal_address"),
        Field("parent", _("parent company"), Kind.RECORD, "parent_id", names=account_names, noun="account"),
        Field("reference", _("reference"), Kind.TEXT, "reference"),
        Field("created", _("created"), Kind.MOMENT, "created_at"),
        Field("changed", _("changed"), Kind.MOMENT, "updated_at"),
    ],
)

_IN_KEYS = Folded("key", contacts.are_all_addresses_ascii)
CONTACT = Fields(
    Contact,
    [
        Field("family_name", _("family name"), Kind.TEXT, "family_name"),
        Field("given_name", _("given name"), Kind.TEXT, "given_name"),
        Field("title", _("job title"), Kind.TEXT, "title"),
        Field("department", _("department"), Kind.TEXT, "department"),
        Field("roles", _("roles in buying"), Kind.TEXT, "roles"),
        Field("email", _("mail address"), Kind.TEXT, "address", through="emails", folded=_IN_KEYS, sensitive="contact.emails"),
        Field("phone", _("telephone"), Kind.TEXT, "e164", through="phones", sensitive="contact.phones"),
        Field("language", _("language"), Kind.CHOICE, "language", options=options.commonest(Contact, "language")),
        Field("account", _("account"), Kind.RECORD, "account_id", names=account_names, noun="account"),
        Field("account.name", _("name of the account"), Kind.TEXT, "account__name"),
        Field("account.country", _("country of the account"), Kind.CHOICE, "account__country", options=options.countries(Account, "country")),
        Field("account.owner", _("owner of the account"), Kind.PERSON, "account__owner_id", team="account__team_id", options=options.colleagues),
        Field("reference", _("reference"), Kind.TEXT, "reference"),
        Field("created", _("created"), Kind.MOMENT, "created_at"),
        Field("changed", _("changed"), Kind.MOMENT, "updated_at"),
    ],
)

TASK = Fields(
    Task,
    [
        Field("subject", _("what"), Kind.TEXT, "subject"),
        Field("kind", _("kind"), Kind.CHOICE, "kind", options=options.choices(TaskKind)),
        Field("due", _("due"), Kind.DATE, "due_on"),
        Field("owner", _("who"), Kind.PERSON, "owner_id", team="team_id", options=options.colleagues),
        Field("done", _("done"), Kind.MOMENT, "done_at"),
        Field("account", _("account"), Kind.RECORD, "account_id", names=account_names, noun="account"),
        Field("contact", _("contact"), Kind.RECORD, "contact_id", names=contact_names, noun="contact"),
        Field("lead", _("lead"), Kind.RECORD, "lead_id", names=lead_names, noun="lead"),
        Field("created", _("created"), Kind.MOMENT, "created_at"),
    ],
)

PRODUCT = Fields(
    Product,
    [
        Field("name", _("name"), Kind.TEXT, "name"),
        Field("code", _("code"), Kind.TEXT, "code"),
        Field("on_sale", _("on sale"), Kind.CHECKBOX, "is_active"),
        Field("line", _("product line"), Kind.CHOICE, "line", options=options.commonest(Product, "line")),
        Field("price", _("price"), Kind.MONEY, "price", currency="currency", sensitive="product.price"),
    ],
)
