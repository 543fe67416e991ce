"""All that pages and jobs need, read by importing this module: by the supervisor, before its children go on from it.

What is read after a process has divided is read by each of them, and stands in memory once for each. It asks the database nothing.
"""

from __future__ import annotations

import ctypes
import gc
from importlib import import_module

import granian.server  # noqa: F401 (the web process serves by it)
import procrastinate.psycopg_connector  # noqa: F401 (the worker is connected by it)
from django.conf import settings
from django.template import engines
from django.utils import translation
from jinja2 import Environment

import tasuki.wsgi  # noqa: F401 (all views)
from tasuki.core import public_holidays
from tasuki.schedule import MODULES_WITH_JOBS
from tasuki.web import formats

_NAMED_IN_SETTINGS = (*settings.IMPORTABLE_NOUNS.values(), *settings.EDITABLE_NOUNS, *settings.BULK_VERBS, *settings.SEARCHABLE_NOUNS.values())


def _read() -> None:
    for module in (*MODULES_WITH_JOBS, *(named.rpartition(".")[0] for named in _NAMED_IN_SETTINGS)):
        import_module(module)
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            # The catalogue, and what Babel knows of the language.
            translation.gettext("Lead")
            formats.country("KR")
            formats.number(1)
    public_holidays.holidays_of(2026, country="KR")
    pages: Environment = engines["jinja2"].env  # type: ignore[attr-defined]  # Jinja's backend has it
    for name in pages.list_templates():
        pages.get_template(name)


def _keep() -> None:
    """Leave as few half-filled pages as can be, and keep the collector from writing onto those that are shared."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:  # glibc
        trim(0)
    gc.freeze()


_read()
_keep()
