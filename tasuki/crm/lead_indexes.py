"""The indexes of leads: what is asked of a million of them, and in which order. Each without a condition is written for every lead that is imported."""

from __future__ import annotations

from django.db.models import Index, Q

_AT_WORK = Q(stage__in=["ready", "working", "connected", "booked"])
ALL = [
    Index(fields=["-opened_at", "-id"], name="lead_newest"),
    Index(fields=["state", "-opened_at", "-id"], name="lead_in_state"),
    # Not of those in process, which are imported by the million: what a filter asks of the person and the company of the others.
    Index(fields=["state", "-opened_at", "-id"], name="lead_ended_in_state", condition=~Q(state="open"), include=["contact", "account", "team", "owner"]),
    Index(fields=["stage", "-opened_at", "-id"], name="lead_in_stage", include=["state", "team", "owner"]),
    Index(fields=["owner", "-opened_at", "-id"], name="lead_of_owner", include=["state", "team", "contact", "account"]),
    Index(fields=["team", "-opened_at", "-id"], name="lead_of_team", include=["state", "contact", "account"]),
    Index(fields=["owner"], name="lead_at_work", condition=Q(owner__isnull=False) & _AT_WORK),
    Index(fields=["team", "stage", "stage_since"], name="lead_team_at_work", condition=_AT_WORK),
    # Lists are ordered by these, and walked both ways.
    Index(fields=["source", "opened_at", "id"], name="lead_by_source"),
    Index(fields=["segment", "opened_at", "id"], name="lead_by_segment"),
    Index(fields=["origin", "opened_at", "id"], name="lead_by_origin"),
    Index(fields=["product", "opened_at", "id"], name="lead_by_product"),
    Index(fields=["stage_since", "id"], name="lead_by_time_in_stage"),
    Index(fields=["stage", "stage_since", "id"], name="lead_at_work_by_time", condition=_AT_WORK, include=["team", "owner"]),
    Index(fields=["won_at", "id"], name="lead_by_win", include=["state"], condition=Q(won_at__isnull=False)),
    Index(fields=["ended_at", "id"], name="lead_by_end", condition=Q(ended_at__isnull=False)),
    Index(fields=["state", "ended_at", "id"], name="lead_in_state_by_end", condition=Q(ended_at__isnull=False)),
    Index(fields=["ended_at", "id"], name="lead_by_recycling", condition=Q(ended_as="recycled"), include=["team", "owner"]),
    Index(fields=["updated_at", "id"], name="lead_by_change"),
    Index(fields=["previous"], name="lead_woken", condition=Q(previous__isnull=False), include=["opened_at"]),  # unique: see 0017
    # Without it, each lead that an import takes back would be looked for in all of them.
    Index(fields=["merged_into"], name="lead_merged_into", condition=Q(merged_into__isnull=False)),
]
