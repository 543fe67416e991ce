"""What stands in each address of the URL map: the record of the town whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tasuki.core.audit import AuditEntry
from tasuki.relay.personal_data.erasure_rows import Erasure
from tests.web import town_sequences
from tests.web.plan_of_town import draft

if TYPE_CHECKING:
    from tests.web.town import Town

Arguments = Callable[["Town"], dict[str, Any]]


def _pk_of(name: str) -> Arguments:
    return lambda town: {"pk": getattr(town, name).pk}


# The addresses that hold nothing but the id of one record, by the name that the record has in the town.
OF = {
    "lead": "lead lead_peek lead_advance lead_recycling lead_loss lead_disqualification lead_merging lead_owner lead_facts lead_attempts"
    " lead_routing lead_enrol handoff_new meeting_new mail_new booking_link_add"
    " desk_lead desk_brief desk_call desk_call_end desk_outcome desk_facts desk_skip desk_recycling desk_lease desk_answer desk_answers desk_slots"
    " desk_incoming_taking",
    "offered": "handoff handoff_peek handoff_acceptance handoff_needs handoff_return handoff_no_show handoff_withdrawal handoff_meeting"
    " handoff_reading handoff_words handoff_dispute handoff_verdict handoff_giving_up",
    "meeting": "meeting meeting_move meeting_confirmation meeting_holding meeting_no_show meeting_cancellation",
    "booking_link": "booking_link_removal",
    "message": "message message_withdrawal message_decision",
    "booked": "lead_acceptance",
    "recycled": "lead_waking lead_wake_rule",
    "disqualified": "lead_hand_raise",
    "call": "call recording_keep call_praise review_new",
    "recording": "recording_audio recording_removal recording_model recording_comment",
    "review": "review review_answer",
    "own_review": "review_correction",
    "said": "callcomment callcomment_reply callcomment_removal",
    "card": "skillcard skillcard_step",
    "praise": "praise praise_removal praise_words",
    "criterion": "criterion_change criterion_removal",
    "block": "block block_peek do_not_contact_lifting",
    "contact_rule": "contact_rule",
    "reason": "exit_reason exit_reason_archiving exit_reason_restoring",
    "opportunity": "opportunity opportunity_peek opportunity_advance opportunity_terms opportunity_owner"
    " opportunity_win opportunity_loss opportunity_recycling",
    "account": "account account_peek account_change account_owner",
    "contact": "contact contact_peek contact_change contact_consents contact_block contact_rights contact_erasure",
    "product": "product product_peek product_change product_points",
    "task": "task task_peek task_finish task_change task_due task_next task_reopening task_removal",
    "file": "file file_removal file_restoring",
    "note": "note_change note_removal note_pin note_unpin",
    "view": "view_change view_remove view_restoring",
    "absence": "absence_end",
    "custom_field": "custom_field custom_field_place custom_field_archiving custom_field_restoring custom_choices",
    "import_run": "import import_errors import_stopping import_resuming import_undoing",
    "import_set": "import_set import_set_rehearsing import_set_starting import_set_undoing",
    "import_file": "import_file import_file_reading import_file_using import_file_removing import_file_mapping import_file_matches import_file_rules",
    "bulk_run": "bulk bulk_refused bulk_stopping bulk_resuming bulk_undoing",
    "calendar": "calendar calendar_days calendar_choosing calendar_removal",
    "merge": "merge merge_undoing",
    "pool": "routing_pool routing_pool_removal routing_seats",
    "routing_rule": "routing_rule routing_rule_place routing_rule_removal",
    "agreement": "agreement agreement_place",
    "call_list": "call_list_proposing call_list_freezing",
    "score_rule": "scoring_rule scoring_rule_removal",
    "twins": "duplicate_apart duplicate_reopening",
}
PEOPLE = (
    "coaching_person skillcard_add coaching_quota call_list_pace"
    " person person_peek person_change person_roles person_invitation person_departure person_absences"
)
ARGUMENTS: dict[str, Arguments] = {name: _pk_of(record) for record, names in OF.items() for name in names.split()}
ARGUMENTS |= town_sequences.ARGUMENTS
PLANS = "plan_version plan_change plan_costs plan_measures plan_agreement plan_removal plan_export"
ARGUMENTS |= {name: lambda _town: {"pk": draft().pk} for name in PLANS.split()}
ARGUMENTS |= {name: lambda town: {"pk": town.cast.ivo.pk} for name in PEOPLE.split()}
ARGUMENTS |= {name: lambda _town: {"pk": AuditEntry.objects.earliest("pk").pk} for name in ("auditentry", "auditentry_peek")}
ARGUMENTS |= {
    "own_calendar_answer": lambda town: {"pk": town.cast.ivo.own_calendar.entries.get(uid=town.meeting.uid).pk},
    "mailbox_removal_of": lambda town: {"pk": town.message.mailbox_id},
    "routing_seat": lambda town: {"pk": town.pool.pk, "member": town.pool.members.order_by("pk")[0].pk},
    "routing_seat_removal": lambda town: {"pk": town.pool.pk, "member": town.pool.members.order_by("pk")[0].pk},
    "person_role_end": lambda town: {"pk": town.cast.ivo.pk, "role": "inside_seller"},
    "message_triage": lambda town: {"pk": town.message.answers.get().pk},
    "message_triage_undoing": lambda town: {"pk": town.message.answers.get().pk},
    "message_return": lambda town: {"pk": town.message.answers.get().pk},
    "answer_say": lambda town: {"pk": town.message.answers.get().triage.pk},
    "desk_answer_use": lambda town: {"pk": town.lead.pk, "objection": town.objection.pk},
    "objection": lambda town: {"pk": town.objection.pk},
    "productpoint": lambda town: {"pk": town.product.points.get().pk},
    "product_point_removal": lambda town: {"pk": town.product.points.get().pk},
    "objection_archiving": lambda town: {"pk": town.objection.pk},
    "call_type_change": lambda town: {"pk": town.call_type.pk},
    "script_write": lambda town: {"pk": town.call_type.pk, "language": "en"},
    "retry_rule_change": lambda town: {"pk": town.retry_rule.pk},
    "lead_fact": lambda town: {"pk": town.lead.pk, "fact": "budget"},
    "team": lambda town: {"pk": town.cast.success.pk},
    "custom_choice": lambda town: {"pk": town.custom_field.pk, "choice": town.choice.pk},
    "custom_fields": lambda _town: {"noun": "lead"},
    "custom_field_new": lambda _town: {"noun": "lead"},
    **{name: lambda town: {"pk": town.call_list.entries.all()[0].pk} for name in ["call_list_place", "call_list_skipping", "call_list_skipping_removal"]},
    "known_hint": lambda _town: {"noun": "account"},
    "colleagues": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "follow": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "unfollow": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "booking": lambda town: {"token": town.booking_link.token},
    "booking_cancellation": lambda town: {"token": town.booking_link.token},
    "telephone_recording": lambda _town: {"external_id": "no-such-call"},
    "meeting_feed": lambda _town: {"token": "no-such-token"},
    "mail_click": lambda _town: {"token": "no-such-token"},
    "mail_open": lambda _town: {"token": "no-such-token"},
    "mail_withdrawal": lambda _town: {"token": "no-such-token"},
    **{name: lambda _town: {"pk": Erasure.objects.open().order_by("pk")[0].pk} for name in ("erasure_confirmation", "erasure_withdrawal")},
    "disclosure": lambda _town: {"token": "no-such-token"},
    "notification_silence": lambda _town: {"token": "no-such-token"},
    "quick_add": lambda _town: {"key": "task"},
    "stage": lambda _town: {"key": "ready"},
    "exit_reason_new": lambda _town: {"way": "recycled"},
    "calendar_day_removal": lambda town: {"pk": town.calendar.pk, "day": 1},
    "handbook_page": lambda _town: {"key": "lists"},
    "first_link": lambda _town: {"key": "no-such-key"},
    "set_up_step": lambda _town: {"key": "teams"},
    "merge_choosing": lambda _town: {"noun": "account"},
    "place": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "tour_stop": lambda _town: {"key": "deal"},
    "bulk_menus": lambda _town: {"noun": "lead"},
    "bulk_start": lambda _town: {"noun": "lead", "verb": "give"},
    "bulk_field": lambda _town: {"noun": "account", "key": "industry"},
    "edit": lambda town: {"noun": "account", "pk": town.account.pk, "field": "industry"},
    "edit_undo": lambda _town: {"name": "no-such-edit"},
    "export": lambda _town: {"noun": "lead"},
    "custom_values": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "note_add": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "task_add": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "files": lambda town: {"noun": "lead", "pk": town.lead.pk},
    "password_link": lambda _town: {"token": "no-such-token"},
    "mfa_remove_webauthn": lambda _town: {"pk": 1},
    "mfa_edit_webauthn": lambda _town: {"pk": 1},
}
