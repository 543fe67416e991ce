"""How people are reached, and how they are not."""

from django.urls import path

from tasuki.web import contact_rules, do_not_contact, peeks

urlpatterns = [
    path("do-not-contact", do_not_contact.listing, name="do_not_contact"),
    path("do-not-contact/keeping", do_not_contact.keeping, name="do_not_contact_keeping"),
    path("do-not-contact/<int:pk>", do_not_contact.page, name="block"),
    path("do-not-contact/<int:pk>/peek", peeks.block, name="block_peek"),
    path("do-not-contact/<int:pk>/lifting", do_not_contact.lifting, name="do_not_contact_lifting"),
    path("settings/consent", contact_rules.listing, name="contact_rules"),
    path("settings/consent/texts", contact_rules.texts, name="consent_texts"),
    path("settings/consent/<int:pk>", contact_rules.page, name="contact_rule"),
]
