"""Consent texts: the words that people agree to, in three languages, each version kept: what was agreed to is what stood there then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, audit
from tasuki.core.audit import By
from tasuki.core.errors import Refused

if TYPE_CHECKING:
    from tasuki.core.people import User

TEXTS = ("text_en", "text_ko", "text_ja")
LONGEST_NAME, LONGEST_TEXT = 30, 4_000


class TextIncomplete(Refused):
    code = "consent_text_incomplete"

    def __init__(self) -> None:
        super().__init__(_("Give the text a name, and write it in all three languages."))


class ConsentTexts(models.QuerySet["ConsentText"]):
    """Questions about texts."""

    def visible_to(self, user: User) -> ConsentTexts:
        return self if abilities.standing_of(user).roles else self.none()

    def in_force(self) -> ConsentTexts:
        """The latest version of each."""
        return self.order_by("name", "-version").distinct("name")


class ConsentText(models.Model):
    """One version of one text."""

    noun: ClassVar[str] = "consenttext"

    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    version = models.PositiveIntegerField(_("version"))
    text_en = models.TextField(_("text in English"))
    text_ko = models.TextField(_("text in Korean"))
    text_ja = models.TextField(_("text in Japanese"))
    written_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()

    objects = ConsentTexts.as_manager()

    class Meta:
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="consent_text_version_once")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def text(self) -> str:
        language = (translation.get_language() or "en")[:2]
        return str(getattr(self, f"text_{language}", "") or self.text_en)


@transaction.atomic
def write(name: str, *, texts: Mapping[str, str], by: By, at: datetime) -> ConsentText:
    """The next version of the text of that name, or its first. The same words again make no new version. Raises TextIncomplete."""
    name, said = name.strip()[:LONGEST_NAME], {field: texts.get(field, "").strip()[:LONGEST_TEXT] for field in TEXTS}
    if not name or not all(said.values()):
        raise TextIncomplete
    versions = list(ConsentText.objects.select_for_update().filter(name=name).order_by("-version"))
    last = versions[0] if versions else None
    if last and not audit.difference(last, said):
        return last
    text = ConsentText.objects.create(name=name, version=last.version + 1 if last else 1, written_by=by.actor, written_at=at, **said)
    audit.record(text, action="write", by=by, at=at, changes={"name": ("", str(text))})
    return text
