"""What blocks can be asked in a filter."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tasuki.core.filters import options
from tasuki.core.filters.fields import Field, Fields, Kind
from tasuki.engage.blocks import Block, BlockKind

BLOCK = Fields(
    Block,
    [
        Field("kind", _("kind"), Kind.CHOICE, "kind", options=options.choices(BlockKind)),
        Field("ends_with", _("ends with"), Kind.TEXT, "ends_with"),
        Field("reason", _("reason"), Kind.TEXT, "reason"),
        Field("by", _("blocked by"), Kind.PERSON, "blocked_by_id", team="blocked_by__team_id", options=options.colleagues),
        Field("blocked", _("blocked"), Kind.MOMENT, "blocked_at"),
        Field("lifted", _("lifted"), Kind.MOMENT, "lifted_at"),
        Field("lifted_by", _("lifted by"), Kind.PERSON, "lifted_by_id", team="lifted_by__team_id", options=options.colleagues),
        Field("lifted_because", _("lifted because"), Kind.TEXT, "lifted_because"),
        Field("erased", _("asked to be erased"), Kind.CHECKBOX, "is_erasure"),
    ],
)
