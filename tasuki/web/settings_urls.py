"""The first run, the settings that have no older address of their own, and the handbook."""

from django.urls import path

from tasuki.web import calendars, first_run, handbook, installation, organisation, scoring, set_up, settings_index

urlpatterns = [
    path("first", first_run.page, name="first_run"),
    path("first/<str:key>", first_run.link, name="first_link"),
    path("set-up", set_up.overview, name="set_up"),
    path("set-up/dismissal", set_up.dismissal, name="set_up_dismissal"),
    path("set-up/invention", set_up.invention, name="set_up_invention"),
    path("set-up/invention/removal", set_up.invention_removal, name="set_up_invention_removal"),
    path("set-up/<slug:key>", set_up.step, name="set_up_step"),
    path("settings", settings_index.page, name="settings"),
    path("settings/organisation", organisation.page, name="organisation"),
    path("settings/calendars", calendars.listing, name="calendars"),
    path("settings/calendars/<int:pk>", calendars.page, name="calendar"),
    path("settings/calendars/<int:pk>/days", calendars.days, name="calendar_days"),
    path("settings/calendars/<int:pk>/days/<int:day>/removal", calendars.day_removal, name="calendar_day_removal"),
    path("settings/calendars/<int:pk>/choosing", calendars.choosing, name="calendar_choosing"),
    path("settings/calendars/<int:pk>/removal", calendars.removal, name="calendar_removal"),
    path("settings/scoring", scoring.page, name="scoring"),
    path("settings/scoring/draft", scoring.draft, name="scoring_draft"),
    path("settings/scoring/draft/suggested", scoring.suggested, name="scoring_suggested"),
    path("settings/scoring/draft/measures", scoring.measures, name="scoring_measures"),
    path("settings/scoring/draft/trial", scoring.trial, name="scoring_trial"),
    path("settings/scoring/draft/publication", scoring.publication, name="scoring_publication"),
    path("settings/scoring/draft/removal", scoring.removal, name="scoring_removal"),
    path("settings/scoring/draft/rules", scoring.rules, name="scoring_rules"),
    path("settings/scoring/draft/rules/<int:pk>", scoring.rule, name="scoring_rule"),
    path("settings/scoring/draft/rules/<int:pk>/removal", scoring.rule_removal, name="scoring_rule_removal"),
    path("settings/mail", installation.mail, name="mail"),
    path("settings/mail/trial", installation.mail_trial, name="mail_trial"),
    path("settings/storage", installation.storage, name="storage"),
    path("settings/backups", installation.backups, name="backups"),
    path("settings/data", installation.data_export, name="data_export"),
    path("settings/about", installation.about, name="about"),
    path("handbook", handbook.front, name="handbook"),
    path("handbook/<slug:key>", handbook.page, name="handbook_page"),
]
