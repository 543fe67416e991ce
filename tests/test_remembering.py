"""What tests begin with is the same each time, whatever a test before did to it."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction

from tasuki.crm import attachments, leads
from tasuki.crm.files import File
from tasuki.crm.leads import Arrival
from tests import database
from tests.cast import MONDAY, SET_UP, Cast
from tests.remembering import written

pytestmark = pytest.mark.django_db


def with_an_offer(cast: Cast) -> File:
    lead = leads.capture(Arrival(team=cast.inside_sales), by=SET_UP, at=MONDAY)
    return attachments.attach(ContentFile(b"an offer"), name="offer.txt", n_bytes=8, lead=lead, by=SET_UP, at=MONDAY)


def test_a_file_that_somebody_took_for_good_is_back_with_its_row(cast: Cast) -> None:
    bytes_of = []
    for _time in range(2):
        with transaction.atomic():
            file = written(with_an_offer, cast)
            with default_storage.open(file.stored_as) as stored:
                bytes_of.append(stored.read())
            attachments.destroy(file)
            transaction.set_rollback(True)
        assert not default_storage.exists(file.stored_as)
    assert bytes_of == [b"an offer", b"an offer"]


def test_only_the_copy_of_this_process_is_ever_renewed() -> None:
    settings = connection.settings_dict
    assert database.is_copy(settings)
    assert not database.is_copy(settings | {"NAME": settings["NAME"].split("_")[1]}), "the database that was copied, or somebody's own"
    assert not database.is_copy({"NAME": "tasuki", "TEST": {"NAME": None}}), "nothing was copied yet"
