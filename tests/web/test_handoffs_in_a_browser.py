"""The pages of hand-offs in a real browser: clean to axe. A lead is handed off, accepted and given back by keys in `test_day_in_a_browser`."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.cast import assemble
from tests.relay.handing import offered
from tests.web.browsing import sign_in, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("name", ["handoffs", "handoff_rates"])
def test_the_queue_and_the_rates_are_clean_to_axe(page: Any, live_server: Any, name: str) -> None:
    cast = assemble()
    offered(cast)
    sign_in(page, live_server, cast.ruth).goto(live_server.url + reverse(name))
    assert violations(page) == []
