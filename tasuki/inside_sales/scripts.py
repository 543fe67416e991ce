"""Scripts: how a call of each kind is opened, and the question it is closed with when time is up; one for each language."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.abilities import Ability
from tasuki.core.audit import By
from tasuki.core.errors import Refused
from tasuki.engage.call_types import CallType

if TYPE_CHECKING:
    from tasuki.core.people import User
    from tasuki.crm.leads import Lead

LONGEST = 2_000


class ScriptRefused(Refused):
    code = "script_refused"


class Scripts(models.QuerySet["Script"]):
    """Questions about scripts."""

    def visible_to(self, user: User) -> Scripts:
        return self if abilities.standing_of(user).roles else self.none()


class Script(models.Model):
    """What is said at the beginning, and at the end. `{person}`, `{company}` and `{me}` stand for the names."""

    noun: ClassVar[str] = "script"

    call_type = models.ForeignKey(CallType, models.CASCADE, related_name="scripts", verbose_name=_("call type"), db_index=False)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    opening = models.TextField(_("opening"))
    closing = models.TextField(_("closing question"), blank=True)
    written_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(_("written"))

    objects = Scripts.as_manager()

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        ordering = ["call_type__position", "language"]
        constraints = [models.UniqueConstraint(fields=["call_type", "language"], name="one_script_per_type_and_language")]

    def __str__(self) -> str:
        return f"{self.call_type} ({self.language})"


@transaction.atomic
def write(call_type: CallType, *, language: str, opening: str, closing: str, by: By, at: datetime) -> Script | None:
    """Write the script of a kind of call in a language anew; without words there is none. Raises Forbidden, ScriptRefused."""
    if by.actor:
        abilities.require(by.actor, Ability.EDIT_PROCESS)
    if language not in dict(settings.LANGUAGES):
        raise ScriptRefused(_("There is no such language here."))
    said = {"opening": opening.strip(), "closing": closing.strip()}
    if max(map(len, said.values())) > LONGEST:
        raise ScriptRefused(_("A script has at most %(n)s characters: it is spoken, not read out.") % {"n": LONGEST})
    CallType.objects.select_for_update().get(pk=call_type.pk)
    before = Script.objects.filter(call_type=call_type, language=language).first()
    if not said["opening"]:
        if said["closing"]:
            raise ScriptRefused(_("Write how the call is opened, too."))
        if before:
            audit.record(before, action="remove", by=by, at=at, changes={"opening": (before.opening, "")})
            before.delete()
        return None
    if before and not audit.difference(before, said):
        return before
    changes = audit.difference(before, said) if before else {}
    script, _is_new = Script.objects.update_or_create(call_type=call_type, language=language, defaults={**said, "written_by": by.actor, "written_at": at})
    audit.record(script, action="change" if before else "add", by=by, at=at, changes=changes)
    return script


def for_call(call_type: CallType, *, languages: list[str]) -> Script | None:
    """The script of a kind of call, in the first of the languages that there is one in; one query."""
    there = {one.language: one for one in Script.objects.filter(call_type=call_type)}
    return next((there[language] for language in languages if language in there), None)


def spoken(text: str, *, lead: Lead, me: str) -> str:
    """The text with the names in it; what stands in other braces stays."""
    names = {"person": lead.title, "company": lead.account.name if lead.account else "", "me": me}
    for word, name in names.items():
        text = text.replace(f"{{{word}}}", name)
    return text
