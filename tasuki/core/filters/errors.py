"""What is wrong with a filter, in a sentence for whoever wrote it."""

from __future__ import annotations

from tasuki.core.errors import Refused


class FilterWrong(Refused):
    """The filter cannot be read, or asks what cannot be asked."""

    code = "filter_wrong"
