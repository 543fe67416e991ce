"""What the steps of the set-up ask: the names of teams, and addresses as people paste them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasuki.core import names
from tasuki.core.abilities import Role
from tasuki.core.people import User
from tasuki.core.teams import LONGEST_NAME, Department, Team
from tasuki.web.typed_fields import typed

MOST_AT_ONCE = 200
_ADDRESS = re.compile(r"[^\s<>,;\"']+@[^\s<>,;\"']+")


@dataclass(frozen=True)
class Line:
    """One of the pasted addresses, with the name that stood before it."""

    text: str
    address: str
    family_name: str
    given_name: str


def parsed(text: str) -> list[Line]:
    """“Kim Minji <mj@gaon.kr>, ivo@gaon.kr” as lines; a part without an address keeps its words, to be refused by them."""
    lines = []
    for part in re.split(r"[,;\n]", text):
        said = part.strip()
        if not said:
            continue
        found = _ADDRESS.search(said)
        address = found[0] if found else said
        name = said.replace(address, "").strip(" <>\"'\t") if found else ""
        family, given = names.split(name or address.partition("@")[0])
        lines.append(Line(said[:320], address[:320], family[:120], given[:120]))
    return lines


class TeamsForm(forms.Form):
    """A team for each department that has none yet; a field that is emptied founds none."""

    def __init__(self, *args: Any, present: Sequence[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = {team.department for team in present}
        for department in Department:
            if department != Department.OFFICE and department.value not in there:
                self.fields[department.value] = forms.CharField(label=department.label, max_length=LONGEST_NAME, required=False, initial=department.label)


class PeopleForm(forms.Form):
    addresses = forms.CharField(
        label=gettext_lazy("Addresses"),
        max_length=20_000,
        widget=forms.Textarea({"rows": 6, "placeholder": "kim@your.company\nIvo Horvat <ivo@your.company>"}),
        help_text=gettext_lazy("One a line, or with commas between them; a name may stand before its address."),
    )
    role = forms.ChoiceField(label=gettext_lazy("role"), choices=Role.choices)
    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("team"), required=False)

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = typed(self.fields["team"], forms.ModelChoiceField)
        team.queryset = Team.objects.visible_to(reader).order_by("name")
        team.empty_label = _("none")
        self.fields["role"].initial = Role.INSIDE_SELLER

    def clean_addresses(self) -> list[Line]:
        lines = parsed(self.cleaned_data["addresses"])
        if len(lines) > MOST_AT_ONCE:
            words = {"n": len(lines), "most": MOST_AT_ONCE}
            raise ValidationError(_("These are %(n)s addresses. At most %(most)s can be added at once.") % words)
        return lines
