"""Every list there is, by noun: its columns, its views, and where a reader begins."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tasuki.core import abilities
from tasuki.core.abilities import Ability
from tasuki.core.audit import AuditEntry, Door
from tasuki.core.filter_fields import PERSON
from tasuki.core.people import User
from tasuki.core.search import narrowing
from tasuki.crm import accounts, contacts, filter_fields, stages
from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Contact
from tasuki.crm.leads import Lead
from tasuki.crm.products import Product
from tasuki.crm.tasks import Task
from tasuki.engage import blocks
from tasuki.engage.block_fields import BLOCK
from tasuki.engage.blocks import Block
from tasuki.relay.clock_fields import ANSWER_DUE
from tasuki.relay.handoff_fields import HANDOFF
from tasuki.relay.handoff_rows import Handoff
from tasuki.sales import opportunities
from tasuki.sales.filter_fields import OPPORTUNITY
from tasuki.sales.opportunities import Opportunity
from tasuki.web.audit_fields import ENTRY
from tasuki.web.lists import firsts
from tasuki.web.lists.spec import Column, Spec, View
from tasuki.web.requests import record_id


def _leads(user: User) -> QuerySet[Any]:
    return Lead.objects.visible_to(user).for_listing()


def _teams_of_leads(user: User) -> frozenset[int]:
    return abilities.teams_of_scope(abilities.standing_of(user), "lead")


def _opportunities(user: User) -> QuerySet[Any]:
    return Opportunity.objects.visible_to(user).for_listing()


def _accounts(user: User) -> QuerySet[Any]:
    return Account.objects.visible_to(user).for_listing()


def _contacts(user: User) -> QuerySet[Any]:
    return Contact.objects.visible_to(user).for_listing()


def _tasks(user: User) -> QuerySet[Any]:
    return Task.objects.visible_to(user).for_listing()


def _products(user: User) -> QuerySet[Any]:
    return Product.objects.visible_to(user)


def _handoffs(user: User) -> QuerySet[Any]:
    return Handoff.objects.visible_to(user).for_listing()


def _people(user: User) -> QuerySet[Any]:
    return User.objects.visible_to(user).for_listing()


def _blocks(user: User) -> QuerySet[Any]:
    return Block.objects.visible_to(user).for_listing()


def _blocks_found(rows: Any, text: str, _reader: User) -> QuerySet[Any]:
    found: QuerySet[Any] = rows.found(text)
    return found


def _entries(user: User) -> QuerySet[Any]:
    return AuditEntry.objects.visible_to(user).for_listing()


def _entries_found(rows: QuerySet[Any], text: str, reader: User) -> QuerySet[Any]:
    """Of a number, the entries of records of that number; of words, those of the people who are called so."""
    if (number := record_id(text)) is not None:
        return rows.filter(record_id=number)
    people = narrowing.narrowed(User.objects.visible_to(reader), text, noun="user", reader=reader)
    # Named one by one, so that the planner knows how many entries to expect.
    return rows.filter(actor__in=list(people.values_list("pk", flat=True)))


def _in_stages(keys: tuple[str, ...]) -> str:
    return f"stage:is({', '.join(keys)})"


LEADS = Spec(
    "lead",
    "leads",
    filter_fields.LEAD.with_more([ANSWER_DUE]),
    rows=_leads,
    columns=(
        Column("person", _("Person"), "contact__family_name", then=("contact__given_name",), plain="title"),
        Column("account", _("Account"), "account__name"),
        Column("stage", _("Stage"), "stage__position", stepped="stage_id", then=("opened_at",), plain="stage__name"),
        Column("in_stage", _("In stage"), "stage_since", is_number=True),
        Column("grade", _("Grade"), "score__band", then=("score__engagement",), plain="score__letter"),
        Column("source", _("Source"), "source", then=("opened_at",)),
        Column("owner", _("Owner"), "owner__family_name", stepped="owner_id", then=("opened_at",), plain="owner__display_name", edit="owner"),
        Column("next_task", _("Next task"), "by_next_task", firsts=firsts.next_tasks_of_leads),
        Column("clock", _("Answer due"), "by_clock", firsts=firsts.answers_due, is_shown=False),
        Column("opened", _("Opened"), "opened_at"),
        Column("segment", _("Segment"), "segment", then=("opened_at",), is_shown=False, edit="segment"),
        Column("origin", _("Origin"), "origin", then=("opened_at",), is_shown=False, plain="get_origin_display"),
        Column("product", _("Product"), "product__name", stepped="product_id", then=("opened_at",), is_shown=False, edit="product", reads="product"),
        Column("team", _("Team"), "team__name", stepped="team_id", then=("opened_at",), is_shown=False),
        Column("country", _("Country"), "account__country", is_shown=False),
        Column("title", _("Job title"), "contact__title", is_shown=False),
        Column("won", _("Won"), "won_at", is_shown=False),
        Column("ended", _("Ended"), "ended_at", is_shown=False),
        Column("changed", _("Changed"), "updated_at", is_shown=False),
        Column("fit", _("Fit"), "score__fit", is_number=True, is_shown=False),
        Column("engagement", _("Engagement"), "score__engagement", is_number=True, is_shown=False, plain="score__last_at"),
        Column("reference", _("Reference"), "reference", is_shown=False),
    ),
    views=(
        View("", _("In process"), "state:is(open)"),
        View("mine", _("Mine"), "state:is(open), owner:is(me)"),
        View("team", _("My team"), "state:is(open), owner:in_team(mine)"),
        View("ready", _("Ready"), "stage:is(ready)", sort="in_stage"),
        View("marketing", _("Marketing"), _in_stages(stages.ORDER[:3])),
        View("inside_sales", _("Inside sales"), _in_stages(stages.ORDER[3:6])),
        View("recycled", _("Recycled"), "state:is(recycled)", sort="-ended"),
        View("all", _("All")),
    ),
    sort="-opened",
    peek="lead_peek",
    seen_of_teams=_teams_of_leads,
)

OPPORTUNITIES = Spec(
    "opportunity",
    "opportunities",
    OPPORTUNITY,
    rows=_opportunities,
    seen_by_ways=opportunities.visible_by_ways,
    columns=(
        Column("name", _("Opportunity"), "name", plain="title", edit="name"),
        Column("account", _("Account"), "lead_account__name", plain="lead__account__name"),
        Column("stage", _("Stage"), "lead_stage__position", stepped="lead_stage_id", plain="lead__stage__name"),
        Column("amount", _("Amount"), "amount", is_number=True, sensitive="opportunity.amount", currency="currency", edit="money"),
        Column("in_stage", _("In stage"), "lead_stage_since", is_number=True),
        Column("close", _("Close date"), "close_on", edit="close_on"),
        Column("owner", _("Owner"), "owner__family_name", stepped="owner_id", then=("opened_at",), plain="owner__display_name", edit="owner"),
        Column("next_task", _("Next task"), "by_next_task", firsts=firsts.next_tasks_of_opportunities),
        Column("opened", _("Opened"), "opened_at", is_shown=False),
        Column("closed", _("Closed"), "closed_at", is_shown=False),
        Column("product", _("Product"), "product__name", stepped="product_id", then=("opened_at",), is_shown=False, edit="product", reads="product"),
        Column("source", _("Source"), "lead_source", is_shown=False),
        Column("segment", _("Segment"), "lead_segment", is_shown=False),
        Column("team", _("Team"), "team__name", stepped="team_id", then=("opened_at",), is_shown=False),
        Column("lost_because", _("Lost because"), "lost_because", is_shown=False, plain="get_lost_because_display"),
        Column("lost_to", _("Lost to"), "lost_to", is_shown=False),
        Column("changed", _("Changed"), "updated_at", is_shown=False),
        Column("reference", _("Reference"), "reference", is_shown=False),
    ),
    views=(
        View("", _("Open"), "state:is(open)"),
        View("mine", _("Mine"), "state:is(open), owner:is(me)"),
        View("team", _("My team"), "state:is(open), owner:in_team(mine)"),
        View("pipeline", _("Pipeline"), f"state:is(open), {_in_stages(stages.IN_PIPELINE)}", sort="close"),
        View("no_task", _("No next task"), "state:is(open), task:empty", sort="close"),
        View("won", _("Won"), "state:is(won)", sort="-closed"),
        View("lost", _("Lost"), "state:is(lost)", sort="-closed"),
        View("all", _("All")),
    ),
    sort="-opened",
    peek="opportunity_peek",
    summed="amount",
)

ACCOUNTS = Spec(
    "account",
    "accounts",
    filter_fields.ACCOUNT,
    rows=_accounts,
    seen_by_ways=accounts.visible_by_ways,
    seen_at_hand=accounts.are_seen_by_few_leads,
    columns=(
        Column("name", _("Account"), "name", edit="name"),
        Column("industry", _("Industry"), "industry", edit="industry"),
        Column("country", _("Country"), "country", edit="country"),
        Column("domain", _("Domain"), "domain", edit="domain"),
        Column("employees", _("Employees"), "n_employees", is_number=True, edit="n_employees"),
        Column("owner", _("Owner"), "owner__family_name", stepped="owner_id", plain="owner__display_name", edit="owner"),
        Column("created", _("Since"), "created_at"),
        Column("team", _("Team"), "team__name", stepped="team_id", is_shown=False),
        Column("corporate_number", _("Corporate number"), "corporate_number", is_shown=False, edit="corporate_number"),
        Column("postal_address", _("Postal address"), "postal_address", is_shown=False, edit="postal_address"),
        Column("changed", _("Changed"), "updated_at", is_shown=False),
        Column("reference", _("Reference"), "reference", is_shown=False),
    ),
    views=(View("", _("All")), View("mine", _("Mine"), "owner:is(me)"), View("team", _("My team"), "owner:in_team(mine)")),
    sort="name",
    peek="account_peek",
)

CONTACTS = Spec(
    "contact",
    "contacts",
    filter_fields.CONTACT,
    rows=_contacts,
    seen_by_ways=contacts.visible_by_ways,
    seen_at_hand=contacts.are_seen_at_all_accounts,
    seen_in_order=dict.fromkeys(("family_name", "by_mail", "by_phone"), contacts.visible_by_team),
    columns=(
        Column("person", _("Person"), "family_name", then=("given_name",), plain="display_name", edit="person"),
        Column("account", _("Account"), "account__name", edit="account"),
        Column("title", _("Job title"), "title", edit="title"),
        Column("email", _("Mail"), "by_mail", firsts=firsts.main_mails, sensitive="contact.emails", plain="main_email", edit="emails"),
        Column("phone", _("Telephone"), "by_phone", firsts=firsts.main_phones, sensitive="contact.phones", plain="main_phone", edit="phones"),
        Column("created", _("Since"), "created_at"),
        Column("department", _("Department"), "department", is_shown=False, edit="department"),
        Column("roles", _("Roles in buying"), "roles", is_shown=False, edit="roles"),
        Column("changed", _("Changed"), "updated_at", is_shown=False),
        Column("reference", _("Reference"), "reference", is_shown=False),
    ),
    views=(View("", _("All")), View("mine", _("At my accounts"), "account.owner:is(me)")),
    sort="person",
    peek="contact_peek",
)

# What a task is about where it is not about the lead of a person.
_ABOUT = (("lead__account__name",), ("contact__family_name", "contact__given_name"), ("account__name",))
TASKS = Spec(
    "task",
    "tasks",
    filter_fields.TASK,
    rows=_tasks,
    columns=(
        Column("subject", _("What"), "subject", edit="subject"),
        Column("kind", _("Kind"), "kind", plain="get_kind_display"),
        Column("about", _("About"), "lead__contact__family_name", then=("lead__contact__given_name",), or_else=_ABOUT),
        Column("due", _("Due"), "due_on", edit="due_on"),
        Column("owner", _("Who"), "owner__family_name", stepped="owner_id", plain="owner__display_name", edit="owner"),
        Column("finish", _("Finish")),
        Column("created", _("Created"), "created_at", is_shown=False),
        Column("done", _("Done"), "done_at", is_shown=False),
    ),
    views=(
        View("", _("To do"), "done:empty"),
        View("mine", _("Mine"), "done:empty, owner:is(me)"),
        View("overdue", _("Overdue"), "done:empty, due:before(today)"),
        View("done", _("Done"), "done:filled", sort="-done"),
    ),
    sort="due",
    peek="task_peek",
)

PRODUCTS = Spec(
    "product",
    "products",
    filter_fields.PRODUCT,
    rows=_products,
    columns=(
        Column("name", _("Product"), "name", edit="name"),
        Column("line", _("Product line"), "line", edit="line"),
        Column("code", _("Code"), "code"),
        Column("price", _("Price"), "price", is_number=True, sensitive="product.price", currency="currency", edit="money"),
    ),
    views=(View("", _("On sale"), "on_sale:yes"), View("all", _("All"))),
    sort="name",
    peek="product_peek",
)

HANDOFFS = Spec(
    "handoff",
    "handoffs",
    HANDOFF,
    rows=_handoffs,
    columns=(
        Column("lead", _("Lead"), "lead_contact__family_name", then=("lead_contact__given_name",), plain="title"),
        Column("account", _("Account"), "lead_account__name", plain="lead__account__name"),
        Column("state", _("State"), "state", then=("due_at",), plain="get_state_display"),
        Column("credited", _("Credited to"), "credited_to__family_name", stepped="credited_to_id", then=("offered_at",), plain="credited_to__display_name"),
        Column("to", _("Offered to"), "to_owner__family_name", stepped="to_owner_id", then=("offered_at",), plain="receiver"),
        Column("meeting", _("Meeting"), "meeting_at"),
        Column("due", _("Answer due"), "due_at"),
        Column("answered", _("Answered"), "answered_at"),
        Column("reason", _("Reason"), "reason", plain="get_reason_display"),
        Column("offered", _("Offered"), "offered_at", is_shown=False),
        Column("answered_by", _("Answered by"), "answered_by__family_name", stepped="answered_by_id", plain="answered_by__display_name", is_shown=False),
        Column("from_team", _("From the team"), "from_team__name", stepped="from_team_id", is_shown=False),
        Column("to_team", _("To the team"), "to_team__name", stepped="to_team_id", is_shown=False),
        Column("next_step", _("Next step due"), "next_step_due_at", is_shown=False),
    ),
    views=(
        View("", _("Offered"), "state:is(offered)", sort="due"),
        View("mine", _("To me"), "state:is(offered), to:is(me)", sort="due"),
        View("overdue", _("Overdue"), "state:is(offered), escalated:filled", sort="due"),
        View("needs_more", _("Needs more"), "state:is(needs_more)", sort="-answered"),
        View("returned", _("Returned"), "state:is(returned)", sort="-answered"),
        View("owed", _("Inside sales owes"), "owed:filled", sort="-answered"),
        View("unread", _("Feedback for me"), "state:is(needs_more, returned), credited:is(me), feedback_read:empty", sort="-answered"),
        View("no_show", _("No-show"), "state:is(no_show)", sort="-answered"),
        View("accepted", _("Accepted"), "state:is(accepted)", sort="-answered"),
        View("stuck", _("No next step"), "stuck:filled, lapsed:empty", sort="next_step"),
        View("sent", _("From me"), "credited:is(me)", sort="-offered"),
        View("all", _("All"), sort="-offered"),
    ),
    sort="due",
    peek="handoff_peek",
)

PEOPLE = Spec(
    "user",
    "people",
    PERSON,
    rows=_people,
    columns=(
        Column("person", _("Name"), "family_name", then=("given_name",), plain="display_name"),
        Column("title", _("Job title"), "title"),
        Column("team", _("Team"), "team__name", stepped="team_id"),
        Column("role", _("Roles"), "by_role", firsts=firsts.roles),
        Column("email", _("E-mail address"), "email"),
        Column("away", _("Away"), "by_absence", firsts=firsts.absences_under_way),
        Column("joined", _("Joined"), "hired_at", is_shown=False),
        Column("language", _("Language"), "language", is_shown=False, plain="get_language_display"),
        Column("time_zone", _("Time zone"), "time_zone", is_shown=False),
        Column("reference", _("Reference"), "reference", is_shown=False),
    ),
    views=(
        View("", _("Here"), "here:yes"),
        View("team", _("My team"), "here:yes, team:in_team(mine)"),
        View("away", _("Away"), "here:yes, away:yes"),
        View("no_role", _("Without a role"), "here:yes, role:empty"),
        View("left", _("Have left"), "here:no"),
        View("all", _("All")),
    ),
    sort="person",
    peek="person_peek",
)

BLOCKS = Spec(
    "block",
    "do_not_contact",
    BLOCK,
    rows=_blocks,
    columns=(
        Column("value", _("Number or address"), "by_value", computed=blocks.SHOWN, plain="shown"),
        Column("kind", _("Kind"), "kind", then=("blocked_at",), plain="get_kind_display"),
        Column("reason", _("Reason"), "reason"),
        Column("by", _("Blocked by"), "blocked_by__family_name", stepped="blocked_by_id", then=("blocked_at",), plain="blocked_by__display_name"),
        Column("blocked", _("Blocked"), "blocked_at"),
        Column("lifted", _("Lifted"), "lifted_at"),
        Column("lifted_by", _("Lifted by"), "lifted_by__family_name", stepped="lifted_by_id", plain="lifted_by__display_name", is_shown=False),
        Column("lifted_because", _("Lifted because"), "lifted_because", is_shown=False),
    ),
    views=(
        View("", _("Now blocked"), "lifted:empty"),
        View("mine", _("By me"), "lifted:empty, by:is(me)"),
        View("lifted", _("Lifted"), "lifted:filled", sort="-lifted"),
        View("all", _("All")),
    ),
    sort="-blocked",
    peek="block_peek",
    needs=Ability.SEE_CONTACT_DETAILS,
    found=_blocks_found,
)

# What imports write by the million stands behind all others where entries are not ordered by their moment or their record, so that no entry of theirs waits
# for another index to be written, and what people did themselves is not lost among it. What changed holds several values, and no order.
_IMPORTED = ("door", Door.IMPORT.value)
ENTRIES = Spec(
    "auditentry",
    "audit",
    ENTRY,
    rows=_entries,
    columns=(
        Column("at", _("When"), "at"),
        Column("actor", _("Who"), "actor__family_name", stepped="actor_id", then=("at",), apart=_IMPORTED),
        Column("record", _("Record"), "noun", then=("record_id",)),
        Column("action", pgettext_lazy("audit", "What"), "action", then=("at",), apart=_IMPORTED),
        Column("changes", _("From, to")),
        Column("door", _("Door"), "door", then=("at",), apart=_IMPORTED, plain="get_door_display"),
    ),
    views=(
        View("", _("All")),
        View("mine", pgettext_lazy("audit", "By me"), "actor:is(me)"),
        View("team", pgettext_lazy("audit", "By my team"), "actor:in_team(mine)"),
        View("rights", _("Roles and passwords"), "action:is(hire, leave, invite, grant_role, revoke_role, forget_password, set_password)"),
        View("exports", _("Exports"), "action:is(export)"),
    ),
    sort="-at",
    peek="auditentry_peek",
    needs=Ability.READ_AUDIT_LOG,
    found=_entries_found,
    split=(~Q(_IMPORTED), Q(_IMPORTED)),
)

SPECS = {spec.noun: spec for spec in (LEADS, OPPORTUNITIES, HANDOFFS, ACCOUNTS, CONTACTS, TASKS, PRODUCTS, PEOPLE, BLOCKS, ENTRIES)}
