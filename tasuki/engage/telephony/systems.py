"""Which telephone system there is: the one that the settings name."""

from __future__ import annotations

from django.conf import settings

from tasuki.engage.telephony.adapters import Adapter, ByHand, ByLink
from tasuki.engage.telephony.webhooks import KEY, ByWebhook


def current() -> Adapter:
    """Raises ImproperlyConfigured for a webhook without an address or a secret, ValueError for a name that is none."""
    if settings.TELEPHONY == KEY:
        return ByWebhook(settings.TELEPHONY_URL, settings.TELEPHONY_SECRET)
    ways: dict[str, type[ByHand]] = {way.key: way for way in (ByHand, ByLink)}
    if settings.TELEPHONY not in ways:
        raise ValueError(f"TASUKI_TELEPHONY is “{settings.TELEPHONY}”, and should be one of manual, tel, webhook")
    return ways[settings.TELEPHONY]()
