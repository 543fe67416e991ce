"""Django looks for models here; each lives with its noun."""

from tasuki.sales.opportunities import Opportunity

__all__ = ["Opportunity"]
