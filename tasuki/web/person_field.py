"""A field of a form that asks for one of us: a select where we are few; where we are many, a name or a mail address, offered while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from tasuki.core.people import User
from tasuki.web import name_widget, offered_people
from tasuki.web.offered_people import Offer, Pick
from tasuki.web.requests import UserRequest, record_id
from tasuki.web.typed_fields import typed

LONGEST = 254


class PersonWidget(forms.TextInput):
    """Which of both it is, the offer says; `among` are those to choose from when what was typed fits several."""

    offer: Offer | None = None
    empty_label: Any = "–"
    among: Sequence[Pick] = ()

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", "maxlength": LONGEST, **(attrs or {})})

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:  # noqa: PLR0917 - Django's
        assert self.offer is not None  # noqa: S101 - a form that forgot to say among whom is a bug
        key = str(value or "")
        if self.among:
            choices: list[Any] = self._among(key)
        elif (seen := self.offer.seen_from(key)).few is not None:
            choices = self._choices(key, seen.few, self.offer.others)
        else:
            hint = _("Name or mail address") if self.empty_label in (None, "–") else self.empty_label
            shown = _shown(seen.here, has_namesake=seen.has_namesake) if seen.here else "" if record_id(key) else key
            text = super().render(name, shown, {"placeholder": hint, **(attrs or {})}, renderer)
            return name_widget.around(text, address=self.offer.address, key=seen.here.key if seen.here else "")
        # HTML asks for a first line of nobody where a choice is required.
        attrs = {name: said for name, said in (attrs or {}).items() if name != "required" or (choices[:1] and not choices[0][0])}
        return forms.Select(choices=choices).render(name, key, attrs, renderer)

    def _among(self, typed: str) -> list[Any]:
        """What was typed stands first, so that nobody is chosen by sending the form once more."""
        told_apart = [(one.key, f"{one.label} · {one.more}" if one.more else one.label) for one in self.among]
        return [(typed, _("“%(typed)s” – choose") % {"typed": typed}), *told_apart, ("", self.empty_label or "–")]

    def _choices(self, key: str, few: Sequence[Pick], others: Sequence[Pick]) -> list[Any]:
        people = [(one.key, one.label) for one in few]
        # Where somebody stands and must, one cannot choose nobody.
        has_nobody = self.empty_label is not None and not (self.is_required and key and any(one.key == key for one in (*few, *others)))
        groups = [(_("People"), people), (_("Teams"), [(one.key, one.label) for one in others])] if others else people
        return [*([("", self.empty_label)] if has_nobody else []), *groups]


def _shown(pick: Pick, *, has_namesake: bool) -> str:
    """The name, which means this person when it is sent as it stands: with the address where others are called so too."""
    address = pick.value.email if isinstance(pick.value, User) else ""
    return f"{pick.label} <{address}>" if has_namesake and address else pick.label


class PersonField(forms.Field):
    """Cleans to one of those that were offered: by id, by mail address, or by a name that only one of them has."""

    widget = PersonWidget

    def __init__(self, *, empty_label: Any = "–", **options: Any) -> None:
        super().__init__(**options)
        self.widget.empty_label = empty_label
        self.offered: Offer | None = None

    def prepare_value(self, value: Any) -> Any:
        return f"{self.offered.prefix if self.offered else ''}{value.pk}" if isinstance(value, Model) else value

    def clean(self, value: Any) -> Any:
        text = " ".join(str(value or "").replace("\0", "").split())[:LONGEST]
        if not text:
            if self.required:
                raise ValidationError(_("Choose somebody, by name or by mail address."), code="required")
            return None
        return self._meant(text)

    def _meant(self, text: str) -> User | Any:
        assert self.offered is not None  # noqa: S101 - a form that forgot to say among whom is a bug
        if found := self.offered.by_key(text):
            return found.value
        if record_id(text.removeprefix(self.offered.prefix)) is not None:
            raise ValidationError(_("This person cannot be chosen here."), code="invalid_choice")
        called = self.offered.exactly(text)
        if len(called) == 1:
            return called[0].value
        fitting, n = (called, len(called)) if called else self.offered.like(text)
        if not fitting:
            raise ValidationError(_("Nobody who can be chosen here is called “%(name)s” or has that address.") % {"name": text}, code="invalid_choice")
        self.widget.among = fitting
        words = ngettext("%(n)s person fits “%(name)s”. Choose, or write the whole name or the mail address.",
                         "%(n)s people fit “%(name)s”. Choose, or write the whole name or the mail address.", n)  # fmt: skip
        raise ValidationError(words % {"n": n, "name": text}, code="several")


class PersonIdField(PersonField):
    """Cleans to the id."""

    def clean(self, value: Any) -> Any:
        person = super().clean(value)
        return person.pk if person else None


def offer_people(field: forms.Field, of: str, *, reader: User, about: int | None = None, stands: int | None = None) -> None:
    """Say among whom the field chooses: see `offered_people.offer`."""
    there = offered_people.offer(of, reader=reader, about=about, stands=stands)
    assert there is not None  # noqa: S101 - a place that is not written there is a bug
    offer(field, there)


def offer(field: forms.Field, there: Offer) -> None:
    field = typed(field, PersonField)
    field.offered = field.widget.offer = there


class WhoForm(forms.Form):
    """Whose page it is to be, in the address of the page."""

    person = PersonField(required=False)

    def __init__(self, said: Any, *, of: str, reader: User, label: Any, empty_label: Any = None, name: str = "person", stands: int | None = None) -> None:
        """`stands`: one more who can be chosen."""
        super().__init__(said, auto_id="%s")
        field = self.fields.pop("person")
        field.label, field.widget.empty_label = label, empty_label
        offer_people(field, of, reader=reader, stands=stands)
        self.fields = {name: field}

    @property
    def is_choice(self) -> bool:
        """Whether there is more than one to choose."""
        [field] = self.fields.values()
        return len(field.widget.offer.people.order_by()[:2]) > 1


def chosen(said: Mapping[str, str], form: Callable[[Any], WhoForm], *, otherwise: User | None) -> tuple[WhoForm, User | None]:
    """The form above a page of somebody, and whose it is: whom the address names, else `otherwise`. Who cannot be chosen, the form says."""
    asked = form(said)
    [name] = asked.fields
    if not said.get(name):
        asked = form({name: str(otherwise.pk) if otherwise else ""})
    return asked, (asked.cleaned_data[name] if asked.is_valid() else None) or otherwise


@require_GET
def names(request: UserRequest) -> HttpResponse:
    """Who fits what is typed, of those who can be chosen in the place that asks."""
    there = offered_people.offer(request.GET.get("of", ""), reader=request.user, about=record_id(request.GET.get("about", "")))
    if there is None:
        raise Http404
    picks, n = there.like(request.GET.get("q", "")[:LONGEST])
    return name_widget.offered(request, [(one.key, one.label, one.more) for one in picks], n=n)
