"""What opportunities can be asked in a filter."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tasuki.core.filters import options
from tasuki.core.filters.fields import Field, Fields, Kind
from tasuki.crm.accounts import Account
from tasuki.crm.filter_fields import account_names, open_tasks, products, stages_in_order
from tasuki.crm.leads import Lead
from tasuki.sales.opportunities import LostBecause, Opportunity, OpportunityState

OPPORTUNITY = Fields(
    Opportunity,
    [
        Field("state", _("state"), Kind.CHOICE, "state", options=options.choices(OpportunityState)),
        Field("stage", _("stage"), Kind.CHOICE, "lead_stage_id", options=stages_in_order),
        Field("owner", _("owner"), Kind.PERSON, "owner_id", team="team_id", options=options.colleagues),
        Field("team", _("team"), Kind.TEAM, "team_id", options=options.teams),
        Field("amount", _("amount"), Kind.MONEY, "amount", currency="currency", sensitive="opportunity.amount"),
        Field("close", _("expected close date"), Kind.DATE, "close_on"),
        Field("product", _("product"), Kind.RECORD, "product_id", options=products),
        Field("name", _("name"), Kind.TEXT, "name"),
        Field("opened", _("opened"), Kind.MOMENT, "opened_at"),
        Field("closed", _("closed"), Kind.MOMENT, "closed_at"),
        Field("won", _("won"), Kind.MOMENT, "won_at"),
        Field("lost_because", _("lost because"), Kind.CHOICE, "lost_because", options=options.choices(LostBecause)),
        Field("lost_to", _("lost to"), Kind.TEXT, "lost_to"),
        Field("source", _("source"), Kind.CHOICE, "lead_source", options=options.commonest(Lead, "source")),
        Field("segment", _("segment"), Kind.CHOICE, "lead_segment", options=options.commonest(Lead, "segment")),
        Field("stage_since", _("in this stage since"), Kind.MOMENT, "lead_stage_since"),
        Field("account", _("account"), Kind.RECORD, "lead_account_id", names=account_names, noun="account"),
        Field("account.name", _("name of the account"), Kind.TEXT, "lead_account__name"),
        Field("account.country", _("country of the account"), Kind.CHOICE, "lead_account__country", options=options.countries(Account, "country")),
        Field("inside_seller", _("brought by"), Kind.PERSON, "lead_owner_id", team="lead__team_id", options=options.colleagues),
        open_tasks("lead__tasks"),
        Field("reference", _("reference"), Kind.TEXT, "reference"),
        Field("changed", _("changed"), Kind.MOMENT, "updated_at"),
    ],
)
