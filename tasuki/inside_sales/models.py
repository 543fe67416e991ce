"""Django looks for models here; each lives with its noun."""

from tasuki.inside_sales.call_desk import Skip
from tasuki.inside_sales.call_lists.lists import CallList, CallListEntry
from tasuki.inside_sales.call_lists.rules import CallListRules, Pace
from tasuki.inside_sales.coaching.cards import CardStep, SkillCard
from tasuki.inside_sales.coaching.comments import CallComment
from tasuki.inside_sales.coaching.praises import Praise
from tasuki.inside_sales.coaching.reviews import EarlierReview, Review, Score
from tasuki.inside_sales.coaching.rules import CoachingRules, ListeningQuota
from tasuki.inside_sales.coaching.samples import Sample
from tasuki.inside_sales.coaching.scorecards import Criterion, Scorecard
from tasuki.inside_sales.coaching.talk_scores import TalkScore
from tasuki.inside_sales.holding_queue import HoldingQueue
from tasuki.inside_sales.holdings import Holding
from tasuki.inside_sales.leases import Lease
from tasuki.inside_sales.objections import Objection, ObjectionUse
from tasuki.inside_sales.qualification import LearnedFact
from tasuki.inside_sales.routing_decisions import RoutingDecision, RoutingWait
from tasuki.inside_sales.routing_pools import PoolMember, RoutingPool
from tasuki.inside_sales.routing_rules import RoutingRule, RoutingVersion
from tasuki.inside_sales.scripts import Script

__all__ = [
    "CallComment", "CallList", "CallListEntry", "CallListRules", "CardStep", "CoachingRules", "Criterion", "EarlierReview", "Holding",
    "HoldingQueue", "LearnedFact", "Lease", "ListeningQuota", "Objection", "ObjectionUse", "Pace", "PoolMember", "Praise", "Review",
    "RoutingDecision", "RoutingPool", "RoutingRule", "RoutingVersion", "RoutingWait", "Sample", "Score", "Scorecard", "Script", "SkillCard", "Skip",
    "TalkScore",
]  # fmt: skip
