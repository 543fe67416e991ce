"""Django looks for models here; each lives with its noun."""

from tasuki.engage.bad_addresses import BadAddress
from tasuki.engage.blocks import Block, BlockSecret
from tasuki.engage.booking_links import BookingLink
from tasuki.engage.call_types import CallType
from tasuki.engage.calls import Call
from tasuki.engage.consent_texts import ConsentText
from tasuki.engage.contact_rules import ContactRule
from tasuki.engage.enclosures import Enclosure
from tasuki.engage.lent_calls import LentCall
from tasuki.engage.mailboxes import Mailbox
from tasuki.engage.meeting_feeds import MeetingFeed
from tasuki.engage.meeting_letters import MeetingLetter
from tasuki.engage.meeting_rows import Meeting
from tasuki.engage.message_rows import Message
from tasuki.engage.next_calls import NextCall, RetryRule
from tasuki.engage.own_calendars.connections import OwnCalendar
from tasuki.engage.own_calendars.rows import BusyEvent, BusySpan, CalendarEntry
from tasuki.engage.reach import ReachCell
from tasuki.engage.rebooking import RebookRules
from tasuki.engage.recording_rows import Hearing, Recording, RecordingRules
from tasuki.engage.sequences.definitions import Sequence, SequenceVersion, Step, Variant
from tasuki.engage.sequences.enrolments import Deed, Enrolment
from tasuki.engage.talk_figures import TalkFigures
from tasuki.engage.tracking.rows import MailHit, SentLink, TrackedLetter, TrackingRules
from tasuki.engage.triage.rows import ReplyTriage

__all__ = [
    "BadAddress",
    "Block",
    "BlockSecret",
    "BookingLink",
    "BusyEvent",
    "BusySpan",
    "CalendarEntry",
    "Call",
    "CallType",
    "ConsentText",
    "ContactRule",
    "Deed",
    "Enclosure",
    "Enrolment",
    "Hearing",
    "LentCall",
    "MailHit",
    "Mailbox",
    "Meeting",
    "MeetingFeed",
    "MeetingLetter",
    "Message",
    "NextCall",
    "OwnCalendar",
    "ReachCell",
    "RebookRules",
    "Recording",
    "RecordingRules",
    "ReplyTriage",
    "RetryRule",
    "SentLink",
    "Sequence",
    "SequenceVersion",
    "Step",
    "TalkFigures",
    "TrackedLetter",
    "TrackingRules",
    "Variant",
]  # fmt: skip
