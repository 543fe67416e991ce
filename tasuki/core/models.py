"""Django looks for models here; each lives with its noun."""

from tasuki.core.abilities import RoleGrant
from tasuki.core.absences import Absence
from tasuki.core.audit import AuditEntry
from tasuki.core.bulk.runs import BulkRow, BulkRun
from tasuki.core.calendars import Calendar, CalendarDay, CalendarShift
from tasuki.core.custom_fields.definitions import CustomChoice, CustomField
from tasuki.core.imports.row_decisions import RowDecision
from tasuki.core.imports.runs import ImportRow, ImportRun
from tasuki.core.imports.sets import ImportFile, ImportSet, SavedMapping
from tasuki.core.money import ExchangeRate
from tasuki.core.organisation import Organisation
from tasuki.core.people import User
from tasuki.core.recents import RecentRecord
from tasuki.core.saved_views import SavedView
from tasuki.core.search.entries import SearchChange, SearchEntry, SearchTogether
from tasuki.core.set_up import SetUpStep
from tasuki.core.teams import Team
from tasuki.core.tours import Tour

__all__ = [
    "Absence", "AuditEntry", "BulkRow", "BulkRun", "Calendar", "CalendarDay", "CalendarShift",
    "CustomChoice", "CustomField", "ExchangeRate", "ImportFile", "ImportRow", "ImportRun", "ImportSet",
    "Organisation", "RecentRecord", "RoleGrant", "RowDecision", "SavedMapping", "SavedView", "SearchChange", "SearchEntry", "SearchTogether", "SetUpStep",
    "Team", "Tour", "User",
]  # fmt: skip
