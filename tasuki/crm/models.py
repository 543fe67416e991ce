"""Django looks for models here; each lives with its noun."""

from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Consent, Contact, ContactEmail, ContactPhone
from tasuki.crm.daybook import DaybookNote, DaybookOfTeam, DaybookTotal
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.exit_reasons import ExitReason
from tasuki.crm.files import File
from tasuki.crm.following import Follow
from tasuki.crm.inventions import Invention
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.mentions import Mention
from tasuki.crm.merges.rows import FormerRecord, Merge, MergeStep
from tasuki.crm.notifications import Notification, NotificationChoice
from tasuki.crm.opportunity_rules import OpportunityRules
from tasuki.crm.ownership import Ownership
from tasuki.crm.product_points import ProductPoint
from tasuki.crm.products import Product
from tasuki.crm.scoring.scores import FormerScore, LeadScore, ScoreDue
from tasuki.crm.scoring.versions import EngagementRule, FitRule, ScoreModel
from tasuki.crm.stages import Stage, StageDefinition
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry

__all__ = [
    "Account", "Consent", "Contact", "ContactEmail", "ContactPhone", "DaybookNote", "DaybookOfTeam", "DaybookTotal", "DuplicateGroup", "EngagementRule",
    "ExitReason", "File", "FitRule", "Follow", "FormerRecord", "FormerScore", "Invention", "Lead", "LeadScore", "Mention", "Merge", "MergeStep", "Notification",
    "NotificationChoice", "OpportunityRules", "Ownership", "Passage", "Product", "ProductPoint", "ScoreDue", "ScoreModel", "Stage", "StageDefinition", "Task",
    "TimelineEntry",
]  # fmt: skip
