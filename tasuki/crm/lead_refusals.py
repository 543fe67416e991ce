"""What a lead may be refused, each with its sentence for the person who asked."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tasuki.core.errors import Refused


class AlreadyInProcess(Refused):
    code = "already_in_process"

    def __init__(self) -> None:
        super().__init__(_("This contact already has an open lead for this product line."))


class DisqualifiedBefore(Refused):
    code = "disqualified_before"

    def __init__(self) -> None:
        super().__init__(_("This contact was disqualified. They come back only when they raise their hand: write that down on their last lead."))


class ReasonMissing(Refused):
    code = "reason_missing"

    def __init__(self) -> None:
        super().__init__(_("Say why the lead is disqualified."))


class NotForward(Refused):
    code = "not_forward"

    def __init__(self) -> None:
        super().__init__(_("A lead only moves forward. To send it back, recycle it."))


class OtherProductLine(Refused):
    code = "other_product_line"

    def __init__(self, line: str) -> None:
        super().__init__(_("This lead is a pass for the product line “%(line)s”. Another line is another lead.") % {"line": line})


class NotRecycled(Refused):
    code = "not_recycled"

    def __init__(self) -> None:
        super().__init__(_("Only a recycled lead that has not come round yet can be woken."))


class NotDisqualified(Refused):
    code = "not_disqualified"

    def __init__(self) -> None:
        super().__init__(_("Only a disqualified lead that has not come back yet can raise a hand."))


class WordsMissing(Refused):
    code = "words_missing"

    def __init__(self) -> None:
        super().__init__(_("Say how the person raised their hand."))


class CannotMerge(Refused):
    code = "cannot_merge"
