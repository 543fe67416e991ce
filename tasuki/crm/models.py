"""Django looks for models here; each lives with its noun."""

from tasuki.crm.accounts import Account
from tasuki.crm.contacts import Consent, Contact, ContactEmail, ContactPhone
from tasuki.crm.daybook import DaybookNote, DaybookTotal
from tasuki.crm.duplicate_groups import DuplicateGroup
from tasuki.crm.files import File
from tasuki.crm.following import Follow
from tasuki.crm.inventions import Invention
from tasuki.crm.leads import Lead
from tasuki.crm.ledger import Passage
from tasuki.crm.mentions import Mention
from tasuki.crm.merges.rows import FormerRecord, Merge, MergeStep
from tasuki.crm.notifications import Notification, NotificationChoice
from tasuki.crm.ownership import Ownership
from tasuki.crm.products import Product
from tasuki.crm.stages import Stage, StageDefinition
from tasuki.crm.tasks import Task
from tasuki.crm.timeline import TimelineEntry

__all__ = [
    "Account", "Consent", "Contact", "ContactEmail", "ContactPhone", "DaybookNote", "DaybookTotal", "DuplicateGroup", "File", "Follow",
    "FormerRecord", "Invention", "Lead", "Mention", "Merge", "MergeStep", "Notification", "NotificationChoice", "Ownership", "Passage", "Product",
    "Stage", "StageDefinition", "Task", "TimelineEntry",
]  # fmt: skip
