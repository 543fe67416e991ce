"""`tasuki administrator`: the first person of an installation, or a way back in when every password is lost."""

from __future__ import annotations

import json

import click
from django.utils.translation import gettext as _

from tasuki.cli.readiness import get_ready


@click.command()
@click.argument("address")
@click.option("--family-name", default="", help="For somebody who is not here yet; the address serves while it is unknown.")
@click.option("--given-name", default="")
@click.option("--site", default="http://127.0.0.1:8000", show_default=True, envvar="TASUKI_SITE", help="Where the people of this installation reach it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: email, link.")
def administrator(*, address: str, family_name: str, given_name: str, site: str, as_json: bool) -> None:
    """Make ADDRESS an administrator and print a link with which they set their password, good for seven days and one use."""
    get_ready()
    from django.db import transaction
    from django.urls import reverse
    from django.utils.timezone import now

    from tasuki.core import people, roles
    from tasuki.core.abilities import Role
    from tasuki.core.audit import By, Door
    from tasuki.core.people import User

    by, at = By(None, Door.COMMAND), now()
    with transaction.atomic():
        user = User.objects.get_queryset().filter(email__iexact=address.strip()).first()
        if user is None:
            user = people.hire(address, family_name=family_name or address.partition("@")[0], given_name=given_name, by=by, at=at)
        roles.grant(user, role=Role.ADMINISTRATOR, by=by, at=at)
        link = site.rstrip("/") + reverse("password_link", args=[people.invite(user, by=by, at=at)])
    if as_json:
        click.echo(json.dumps({"email": user.email, "link": link}))
    else:
        click.echo(_("%(name)s sets a password here: %(link)s") % {"name": user.display_name, "link": link})
