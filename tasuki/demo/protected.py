"""Whom the demo company does not reach any more, and the words that people agreed to."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tasuki.core.audit import By, Door
from tasuki.crm.contacts import ConsentState, ContactEmail, ContactPhone
from tasuki.engage import blocks, consent_texts
from tasuki.engage.blocks import BlockKind, BlockSecret

_BY = By(None, Door.COMMAND)
_N = 8
_TEXT = {
    "text_en": "I agree that Haneul TS writes to me about its products and seminars. I can take this back at any time.",
    "text_ko": "하늘TS가 제품과 세미나에 대해 보내는 소식을 받는 데 동의합니다. 언제든지 철회할 수 있습니다.",
    "text_ja": "ハヌルTSから製品とセミナーの案内を受け取ることに同意します。いつでも撤回できます。",
}


def write(*, seed: int, at: datetime) -> None:
    """Through the verbs, as in life; the key of the hashes is the seed's, so that the same arguments give the same rows."""
    BlockSecret.objects.get_or_create(pk=1, defaults={"key": hashlib.sha256(f"haneul {seed}".encode()).hexdigest()})
    consent_texts.write("newsletter", texts=_TEXT, by=_BY, at=at)
    withdrawn = ContactEmail.objects.filter(is_primary=True, contact__consents__state=ConsentState.WITHDRAWN).order_by("pk")
    for address in withdrawn.values_list("address", flat=True)[:_N]:
        blocks.block(address, reason="Unsubscribed by link", by=_BY, at=at)
    refusing = ContactPhone.objects.filter(is_primary=True, contact__leads__passages__because__key="unsubscribed").order_by("pk")
    for number in refusing.values_list("e164", flat=True)[:_N]:
        blocks.block_known(number, kind=BlockKind.PHONE, reason="Asked not to be called", by=_BY, at=at)
