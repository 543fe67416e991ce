"""What hand-offs can be asked in a filter, and how they are found."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from tasuki.core.filters import options
from tasuki.core.filters.fields import Among, Computed, Field, Fields, Kind
from tasuki.core.search.nouns import Searched
from tasuki.crm import stages
from tasuki.crm.accounts import Account
from tasuki.crm.filter_fields import products, stages_in_order
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.relay.agreements import Owed
from tasuki.relay.handoff_reasons import Reason
from tasuki.relay.handoff_rows import Handoff, HandoffState

REACHED_P2 = Exists(Passage.objects.filter(lead=OuterRef("lead"), stage__in=stages.IN_PIPELINE))

# The plan, the feedback and the lead that came back: what runs, or is over and still not done.
_BACK = (Owed.PLAN, Owed.TAKE_UP, Owed.READING)
OWED_BY_INSIDE_SALES = Field(
    "owed",
    _("owed by inside sales"),
    Kind.MOMENT,
    "due_at",
    through="clocks",
    among=Among(Q(stopped_at__isnull=True, owed__in=_BACK), lambda clock: clock.stopped_at is None and clock.owed in _BACK),
    is_there=True,
)


def _reached_p2(handoff: Handoff) -> bool:
    return Passage.objects.filter(lead=handoff.lead_id, stage__in=stages.IN_PIPELINE).exists()


HANDOFF = Fields(
    Handoff,
    [
        Field("state", _("state"), Kind.CHOICE, "state", options=options.choices(HandoffState)),
        Field("credited", _("credited to"), Kind.PERSON, "credited_to_id", team="from_team_id", options=options.colleagues),
        Field("to", _("offered to"), Kind.PERSON, "to_owner_id", team="to_team_id", options=options.colleagues),
        Field("answered_by", _("answered by"), Kind.PERSON, "answered_by_id", options=options.colleagues),
        Field("from_team", _("from the team"), Kind.TEAM, "from_team_id", options=options.teams),
        Field("to_team", _("offered to the team"), Kind.TEAM, "to_team_id", options=options.teams),
        Field("reason", _("reason"), Kind.CHOICE, "reason", options=options.choices(Reason)),
        Field("offered", _("offered"), Kind.MOMENT, "offered_at"),
        Field("meeting", _("meeting"), Kind.MOMENT, "meeting_at"),
        Field("due", _("answer due"), Kind.MOMENT, "due_at"),
        Field("escalated", _("escalated"), Kind.MOMENT, "escalated_at"),
        Field("answered", _("answered"), Kind.MOMENT, "answered_at"),
        Field("feedback_read", _("feedback read"), Kind.MOMENT, "feedback_read_at"),
        Field("disputed", _("disputed"), Kind.MOMENT, "disputed_at"),
        Field("struck", _("struck after a dispute"), Kind.MOMENT, "struck_at"),
        OWED_BY_INSIDE_SALES,
        Field("next_step", _("next step due"), Kind.MOMENT, "next_step_due_at"),
        Field("stuck", _("told that the next step is missing"), Kind.MOMENT, "next_step_told_at"),
        Field("lapsed", _("given back after acceptance"), Kind.MOMENT, "lapsed_at"),
        Field("own", _("taken by oneself"), Kind.CHECKBOX, "is_own"),
        Field("p2", _("reached P2"), Kind.CHECKBOX, "reached_p2", computed={"reached_p2": Computed(REACHED_P2, _reached_p2)}),
        Field("won", _("won"), Kind.MOMENT, "lead__won_at"),
        Field("stage", _("stage of the lead"), Kind.CHOICE, "lead__stage_id", options=stages_in_order),
        Field("source", _("source"), Kind.CHOICE, "lead__source", options=options.commonest(Lead, "source")),
        Field("segment", _("segment"), Kind.CHOICE, "lead__segment", options=options.commonest(Lead, "segment")),
        Field("product", _("product"), Kind.RECORD, "lead__product_id", options=products),
        Field("lead_owner", _("owner of the lead"), Kind.PERSON, "lead__owner_id", team="lead__team_id", options=options.colleagues),
        Field("lead_team", _("team of the lead"), Kind.TEAM, "lead__team_id", options=options.teams),
        Field("account.country", _("country of the account"), Kind.CHOICE, "lead__account__country", options=options.countries(Account, "country")),
        Field("account.name", _("name of the account"), Kind.TEXT, "lead__account__name"),
    ],
)

# Of its own a hand-off has no name: it is found by the person and the company of its lead.
HANDOFFS = Searched("handoff", "relay.Handoff", through={"lead": "lead_id"}, beside={"contact": "lead_contact_id", "account": "lead_account_id"})
