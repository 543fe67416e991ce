"""Django looks for models here; each lives with its noun."""

from tasuki.relay.agreements import Agreement
from tasuki.relay.clocks import Clock, ClockEvent
from tasuki.relay.handoff_rows import Handoff, HandoffAnswer, HandoffDispute, HandoffVerdict, HandoffWord
from tasuki.relay.handoff_rules import HandoffRules
from tasuki.relay.leg_days.rows import LegCount, LegCounted, LegTouched
from tasuki.relay.personal_data.erasure_rows import Erasure
from tasuki.relay.personal_data.retention import RetentionRules
from tasuki.relay.plan_rows import Plan, PlanMonth, PlanRate

__all__ = [
    "Agreement",
    "Clock",
    "ClockEvent",
    "Erasure",
    "Handoff",
    "HandoffAnswer",
    "HandoffDispute",
    "HandoffRules",
    "HandoffVerdict",
    "HandoffWord",
    "LegCount",
    "LegCounted",
    "LegTouched",
    "Plan",
    "PlanMonth",
    "PlanRate",
    "RetentionRules",
]
