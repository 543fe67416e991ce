"""Core: what every department stands on, and which knows none of them.

People, teams and absences; roles and what they may do; the audit trail; money and exchange rates; the organisation;
imports and files. Its words: user, team, role, ability, scope, absence, audit entry, import run.
Its verbs: hire, grant, move, mark absent, record (audit), stage and apply (an import), undo.
"""
