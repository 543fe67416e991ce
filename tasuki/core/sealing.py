"""Sealing: secrets that we must say again to others (a password of a mailbox) are kept encrypted, so that a copy of the database opens nothing.

The key is made from the installation's secret key and from what the secret is for: what was sealed for one purpose opens for no other.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class SealBroken(Exception):
    """It was sealed under another secret key, or for something else."""


def seal(text: str, *, purpose: str) -> str:
    return _cipher(purpose).encrypt(text.encode()).decode("ascii")


def opened(sealed: str, *, purpose: str) -> str:
    """Raises SealBroken."""
    try:
        return _cipher(purpose).decrypt(sealed.encode("ascii")).decode()
    except (InvalidToken, UnicodeError) as error:
        raise SealBroken(purpose) from error


def _cipher(purpose: str) -> Fernet:
    key = hashlib.sha256(purpose.encode() + b":" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
