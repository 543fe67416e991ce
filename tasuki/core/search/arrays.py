"""Rows by very many ids: PostgreSQL reads an array at once, where a list of thousands would be written, parsed and compared one by one."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, F, Func, Q, Value
from django.db.models.functions import Cast


class _Among(Func):
    template, arg_joiner, output_field = "%(expressions)s)", " = ANY(", BooleanField()


def among(path: str, array: str) -> Q:
    """Whether the id at the path is in an array, which is written as PostgreSQL writes one."""
    return Q(_Among(F(path), Cast(Value(array), ArrayField(BigIntegerField()))))


def written(ids: Iterable[int | str]) -> str:
    """The ids as the text of an array."""
    return f"{{{','.join(map(str, ids))}}}"
