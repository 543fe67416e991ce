"""Contacts: the people at accounts, how they are reached, and what they agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from tasuki.core import abilities, names
from tasuki.core.filters.ways import LookedUp
from tasuki.core.teams import Team
from tasuki.crm import barred

if TYPE_CHECKING:
    from tasuki.core.abilities import Standing
    from tasuki.core.people import User

_ALL = 10**9


class Channel(models.TextChoices):
    MAIL = "mail", _("mail")
    PHONE = "phone", _("phone")
    MESSAGE = "message", _("message")
    POST = "post", _("letter")


class ConsentState(models.TextChoices):
    GIVEN = "given", _("given")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Basis(models.TextChoices):
    """What allows it: a consent, or what some countries take in its place."""

    CONSENT = "consent", _("consent")
    BUSINESS_CARD = "business_card", _("business card")
    EXISTING_BUSINESS = "existing_business", _("existing business")
    PUBLISHED = "published", _("published address")


class ConsentWay(models.TextChoices):
    """How the word came to us."""

    FORM = "form", _("form")
    CARD = "card", _("card")
    SPOKEN = "spoken", _("spoken")
    IMPORT = "import", _("import")
    LINK = "link", _("link")


def _team_of_account() -> models.ForeignKey[Any, Any]:
    """For lists of whoever sees the accounts of a team; the database keeps it (see migrations/0034_teams_beside_contacts.py and 0040)."""
    return models.ForeignKey("core.Team", models.DO_NOTHING, null=True, editable=False, related_name="+", db_index=False, db_constraint=False)


class Contacts(models.QuerySet["Contact"]):
    """Questions about contacts."""

    def visible_to(self, user: User) -> Contacts:
        """People at visible accounts, and people whose leads the person works."""
        standing = abilities.standing_of(user)
        if standing.scope("account") is abilities.Scope.ALL:
            return self
        leads, own = _leads_of(standing), _accounts().filter(abilities.own_of_scope(standing, "account"))
        if standing.sees_all("account"):
            # Each account has a team; and the account stands in the index by names.
            return self.filter(Q(account__isnull=False) | LookedUp(leads.filter(contact=OuterRef("pk"))))
        # What stands in the row is asked first: then nothing is looked up of most.
        at_teams = Q(account_team__in=abilities.teams_of_scope(standing, "account"))
        by_leads = Exists(leads.filter(contact=OuterRef("pk"))) | Exists(leads.filter(account=OuterRef("account")))
        return self.filter(at_teams | Exists(own.filter(pk=OuterRef("account"))) | by_leads)

    def for_listing(self) -> Contacts:
        return self.select_related("account").prefetch_related("emails", "phones")

    def for_page(self) -> Contacts:
        return self.select_related("account", "account__owner", "account__team").prefetch_related("emails", "phones", "consents")


class Contact(models.Model):
    """A person. Addresses and numbers are rows, so that a person may have several."""

    noun: ClassVar[str] = "contact"

    account = models.ForeignKey("crm.Account", models.SET_NULL, null=True, blank=True, related_name="contacts", db_constraint=False, verbose_name=_("account"))
    account_team = _team_of_account()
    family_name = models.CharField(_("family name"), max_length=200)
    given_name = models.CharField(_("given name"), max_length=200, blank=True)
    title = models.CharField(_("job title"), max_length=120, blank=True)
    department = models.CharField(_("department"), max_length=120, blank=True)
    roles = models.CharField(_("roles in buying"), max_length=200, blank=True, help_text=_("For example: decision maker, technical evaluator."))
    language = models.CharField(_("language"), max_length=5, blank=True)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    custom = models.JSONField(_("custom fields"), default=dict, db_default=Value({}, models.JSONField()), blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))
    # Nothing names them any more, and nothing is written about them.
    erased_at = models.DateTimeField(_("erased"), null=True)

    objects = Contacts.as_manager()
    refuse_words = barred.refuse_erased

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            # With the account: to walk over those of other countries without reading them.
            models.Index(fields=["family_name", "given_name", "id"], include=("account",), name="contact_by_name"),
            # Those of one team may all stand behind very many others: names in one script do.
            models.Index(fields=["account_team", "family_name", "given_name", "id"], name="contact_of_team_by_name"),
            models.Index(fields=["title", "id"], name="contact_by_title"),
            models.Index(fields=["department", "id"], name="contact_by_department", condition=~Q(department="")),
            models.Index(fields=["roles", "id"], name="contact_by_roles", condition=~Q(roles="")),
            models.Index(fields=["created_at", "id"], name="contact_by_start"),
            models.Index(fields=["updated_at", "id"], name="contact_by_change"),
        ]
        constraints = [models.UniqueConstraint(fields=["reference"], condition=~Q(reference=""), name="contact_reference_once")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        if self.erased_at is not None:
            return _("Erased person #%(id)s") % {"id": self.pk}
        return names.display(self.family_name, self.given_name)

    @property
    def main_email(self) -> str:
        """The first of the loaded addresses."""
        return next((one.address for one in self.emails.all()), "")

    @property
    def main_phone(self) -> str:
        """The first of the loaded numbers, in E.164."""
        return next((one.e164 for one in self.phones.all()), "")


def visible_by_ways(user: User) -> list[Contacts]:
    """What `visible_to` gives in parts: by the team of their account, and those who are seen otherwise. None for whoever sees those of all accounts."""
    standing = abilities.standing_of(user)
    if standing.sees_all("account"):
        return []
    # Asked of the account that a filter asks, too: teams and countries have an index together.
    return [Contact.objects.filter(account__team__in=abilities.teams_of_scope(standing, "account")), *_elsewhere(standing)]


def are_seen_at_all_accounts(user: User) -> bool:
    """Whether somebody sees the people of all accounts, so that of hardly anybody a lead has to be looked up."""
    return abilities.standing_of(user).sees_all("account")


def at_teams(user: User) -> list[Q]:
    """The teams whose accounts somebody sees, each as it is asked of contacts and of their addresses and numbers."""
    return [Q(account_team=team) for team in sorted(abilities.teams_of_scope(abilities.standing_of(user), "account"))]


def visible_by_team(user: User) -> tuple[list[Contacts], list[Contacts]] | None:
    """What `visible_to` gives in parts: those of each team, whom an index has in the order of their names, addresses or numbers; and those who are seen
    otherwise.

    None for whoever sees those of all accounts, or the leads of teams, which are too many to be found.
    """
    standing = abilities.standing_of(user)
    if standing.sees_all("account") or standing.scope("lead") is not abilities.Scope.OWN:
        return None
    return [Contact.objects.filter(of_team) for of_team in at_teams(user)], _elsewhere(standing)


def _elsewhere(standing: Standing) -> list[Contacts]:
    """Who is seen at accounts of other teams: as these are one's own, by their leads, and by leads of theirs; mostly few, or nobody."""
    others = Team.objects.but(abilities.teams_of_scope(standing, "account"))
    leads, at_others = _leads_of(standing), Contact.objects.filter(account__team__in=others)
    own = _accounts().filter(abilities.own_of_scope(standing, "account"))
    people = Contact.objects.filter(pk__in=leads.values("contact"))
    # Apart, so that an index leads to each.
    of_leads = [people.filter(account_team__isnull=True), people.filter(account_team__in=others)]
    if standing.scope("lead") is abilities.Scope.OWN:
        # Found before more is asked of them: the planner cannot tell that hardly any is at another team's account.
        of_leads = [Contact.objects.filter(pk__in=some.values("pk")[:_ALL]) for some in of_leads]
    return [at_others.filter(account__in=own.values("pk")), at_others.filter(account__in=leads.values("account")), *of_leads]


def _accounts() -> models.QuerySet[Any]:
    rows: models.QuerySet[Any] = apps.get_model("crm", "Account")._default_manager.order_by()
    return rows


def _leads_of(standing: Standing) -> models.QuerySet[Any]:
    """The leads by way of which somebody who does not see all accounts sees people."""
    rows: models.QuerySet[Any] = apps.get_model("crm", "Lead")._default_manager.order_by()
    return rows.filter(abilities.owned_by_scope(standing, "lead"))


# Told by sizes: of a million rows of a file a regular expression would be felt.
_IS_BEYOND_ASCII = Q(GreaterThan(Func(F("address"), function="octet_length", output_field=models.IntegerField()), Length("address")))


class ContactEmail(models.Model):
    """A mail address as the person writes it, and its key for matching (lower case, host in ASCII)."""

    # The constraint below begins with it, so that it needs no index of its own.
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="emails", db_index=False, db_constraint=False)
    account_team = _team_of_account()
    address = models.CharField(_("mail address"), max_length=320)
    key = models.CharField(max_length=320, editable=False)
    is_primary = models.BooleanField(_("main"), default=False)

    class Meta:
        ordering = ["-is_primary", "id"]
        indexes = [
            models.Index(fields=["key"], name="contact_email_key"),
            # Those of one team may all stand behind very many others, numbers of one country even more so.
            models.Index(fields=["account_team", "key"], name="contact_email_of_team", condition=Q(account_team__isnull=False)),
            # Hardly any: they are asked for before the key of an address is taken for the address.
            models.Index(fields=["id"], name="contact_email_beyond_ascii", condition=_IS_BEYOND_ASCII),
        ]
        constraints = [
            models.UniqueConstraint(fields=["contact", "key"], name="contact_email_once"),
            models.UniqueConstraint(fields=["contact"], condition=Q(is_primary=True), name="contact_one_main_email"),
        ]

    def __str__(self) -> str:
        return self.address


def are_all_addresses_ascii() -> bool:
    """Whether each address differs from its key in capitals alone, so that either may be asked."""
    # Counted: PostgreSQL takes a comparison of two values of a row to hold of every third, and would look for one of them in the table, from its start.
    return not ContactEmail._default_manager.filter(_IS_BEYOND_ASCII).count()


class ContactPhone(models.Model):
    """A number in E.164, with what stood in the source."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="phones", db_index=False, db_constraint=False)
    account_team = _team_of_account()
    e164 = models.CharField(_("number"), max_length=24)
    written = models.CharField(_("as written"), max_length=64, blank=True)
    is_primary = models.BooleanField(_("main"), default=False)

    class Meta:
        ordering = ["-is_primary", "id"]
        indexes = [
            models.Index(fields=["e164"], name="contact_phone_e164"),
            models.Index(fields=["account_team", "e164"], name="contact_phone_of_team", condition=Q(account_team__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["contact", "e164"], name="contact_phone_once"),
            models.UniqueConstraint(fields=["contact"], condition=Q(is_primary=True), name="contact_one_main_phone"),
        ]

    def __str__(self) -> str:
        return self.e164


class Consent(models.Model):
    """What a person agreed to or refused, for one channel; the latest row of a channel is its state. Append-only by a database rule.

    `basis` is what is given where it is no consent, `covers_night` a consent for the night too, `until_on` the last day on which it holds.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consents")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=10, choices=ConsentState.choices)
    how = models.CharField(_("how it was given"), max_length=200, blank=True)
    text_version = models.CharField(_("version of the text"), max_length=40, blank=True)
    purpose = models.CharField(_("purpose"), max_length=10, default="marketing", db_default="marketing")
    way = models.CharField(_("by which way"), max_length=6, choices=ConsentWay.choices, blank=True, default="", db_default="")
    basis = models.CharField(_("basis"), max_length=17, choices=Basis.choices, default=Basis.CONSENT, db_default="consent")
    covers_night = models.BooleanField(_("also for the night"), default=False, db_default=False)
    evidence = models.CharField(_("evidence"), max_length=500, blank=True, default="", db_default="")
    file = models.ForeignKey("crm.File", models.SET_NULL, null=True, related_name="+", verbose_name=_("file that shows it"), db_index=False)
    until_on = models.DateField(_("holds until"), null=True)
    recorded_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"
