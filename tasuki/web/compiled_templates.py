"""Compiled templates, kept in the home: what one process has compiled, which takes seconds for all pages, the others read in a moment.

A template that has changed is compiled again, and all of them with another Jinja or another environment. What is read runs as code: it is
signed with the key of the installation, and its folder is open to the owner alone.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import jinja2
from django.utils.crypto import constant_time_compare, salted_hmac
from jinja2.bccache import Bucket, BytecodeCache

from tasuki.core import home

_SIGNATURE_BYTES = 32


class CompiledTemplates(BytecodeCache):
    """`environment` is the text of the module that makes the environment: on its options too depends what a template becomes."""

    def __init__(self, *, environment: str) -> None:
        self._folder = home.path() / "templates"
        self._made_with = f"{jinja2.__version__}\n{environment}"

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(f"{self._made_with}\n{source}")

    def load_bytecode(self, bucket: Bucket) -> None:
        """Leaves the bucket empty when nothing was kept, when power failed while it was, and when somebody else has written it."""
        try:
            kept = self._file(bucket).read_bytes()
        except OSError:
            return
        code = kept[_SIGNATURE_BYTES:]
        if constant_time_compare(kept[:_SIGNATURE_BYTES], _signature(code)):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Another process reads all of it or nothing. Where nothing can be written, on a full disk, the page is shown all the same."""
        code = bucket.bytecode_to_string()
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(descriptor, "wb") as out:
                    out.write(_signature(code) + code)
                Path(draft).replace(self._file(bucket))
            except OSError:
                Path(draft).unlink()
                raise

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / bucket.key


def _signature(code: bytes) -> bytes:
    return salted_hmac(__name__, code, algorithm="sha256").digest()
