"""What the audit trail can be asked in a filter."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tasuki.core.audit import AuditEntry, Door
from tasuki.core.filters import options
from tasuki.core.filters.fields import Field, Fields, Kind
from tasuki.core.people import User
from tasuki.web import nouns
from tasuki.web.audit import ACTIONS


def _nouns(_user: User) -> list[tuple[str, str]]:
    return _by_label((noun, str(model._meta.verbose_name)) for noun, model in nouns.spoken_of().items())


def _actions(_user: User) -> list[tuple[str, str]]:
    return _by_label((action, str(words)) for action, words in ACTIONS.items())


def _by_label(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(((value, capfirst(label)) for value, label in found), key=lambda pair: pair[1])


ENTRY = Fields(
    AuditEntry,
    [
        Field("at", pgettext_lazy("audit", "when"), Kind.MOMENT, "at"),
        Field("actor", _("who"), Kind.PERSON, "actor_id", team="actor__team_id", options=options.everybody, has_left=True),
        Field("noun", _("kind of record"), Kind.CHOICE, "noun", options=_nouns),
        Field("record", _("number of the record"), Kind.WHOLE, "record_id"),
        Field("action", pgettext_lazy("audit", "what"), Kind.CHOICE, "action", options=_actions),
        Field("door", _("door"), Kind.CHOICE, "door", options=options.choices(Door)),
    ],
)
