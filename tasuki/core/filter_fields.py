"""What people can be asked in a filter."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from tasuki.core.abilities import Role
from tasuki.core.absences import Absence
from tasuki.core.filters import options
from tasuki.core.filters.fields import Computed, Field, Fields, Kind
from tasuki.core.people import User

AWAY = Exists(Absence.objects.filter(user=OuterRef("pk")).under_way())


def _languages(_user: User) -> list[tuple[str, str]]:
    return [(code, str(name)) for code, name in settings.LANGUAGES]


def _is_away(person: User) -> bool:
    return Absence.objects.filter(user=person.pk).under_way().exists()


PERSON = Fields(
    User,
    [
        Field("here", _("works here"), Kind.CHECKBOX, "is_active"),
        Field("team", _("team"), Kind.TEAM, "team_id", options=options.teams),
        Field("role", _("role"), Kind.CHOICE, "role", through="role_grants", options=options.choices(Role)),
        Field("away", _("away today"), Kind.CHECKBOX, "is_away", computed={"is_away": Computed(AWAY, _is_away)}),
        Field("family_name", _("family name"), Kind.TEXT, "family_name"),
        Field("given_name", _("given name"), Kind.TEXT, "given_name"),
        Field("email", _("e-mail address"), Kind.TEXT, "email"),
        Field("title", _("job title"), Kind.TEXT, "title"),
        Field("language", _("language"), Kind.CHOICE, "language", options=_languages),
        Field("time_zone", _("time zone"), Kind.CHOICE, "time_zone", options=options.commonest(User, "time_zone")),
        Field("joined", _("joined"), Kind.MOMENT, "hired_at"),
        Field("reference", _("reference"), Kind.TEXT, "reference"),
    ],
)
