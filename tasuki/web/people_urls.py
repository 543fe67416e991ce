"""Whether we are alive, and the pages about ourselves: people, teams, roles, the audit log, one's own profile, and the stages."""

from django.urls import path

from tasuki.web import audit_log, custom_fields, health, passwords, peeks, people, person_field, profile, stages, teams

urlpatterns = [
    path("health", health.health, name="health"),
    path("people", people.people_list, name="people"),
    path("people/names", person_field.names, name="people_names"),
    path("people/hire", people.hire, name="hire"),
    path("people/<int:pk>", people.person, name="person"),
    path("people/<int:pk>/peek", peeks.person, name="person_peek"),
    path("people/<int:pk>/change", people.person_change, name="person_change"),
    path("people/<int:pk>/roles", people.person_roles, name="person_roles"),
    path("people/<int:pk>/roles/<str:role>/end", people.person_role_end, name="person_role_end"),
    path("people/<int:pk>/invitation", people.person_invitation, name="person_invitation"),
    path("people/<int:pk>/departure", people.person_departure, name="person_departure"),
    path("people/<int:pk>/absences", people.person_absences, name="person_absences"),
    path("absences/<int:pk>/end", people.absence_end, name="absence_end"),
    path("password", passwords.new, name="new_password"),
    path("password/forgotten", passwords.forgotten, name="account_reset_password"),  # allauth looks for this name
    path("password/<str:token>", passwords.link, name="password_link"),
    path("teams", teams.teams, name="teams"),
    path("teams/<int:pk>", teams.team, name="team"),
    path("roles", teams.roles, name="roles"),
    path("audit", audit_log.listing, name="audit"),
    path("audit/<int:pk>", audit_log.page, name="auditentry"),
    path("audit/<int:pk>/peek", peeks.entry, name="auditentry_peek"),
    path("profile", profile.profile, name="profile"),
    path("language", profile.language, name="language"),
    path("theme", profile.theme, name="theme"),
    path("keys", profile.keys, name="keys"),
    path("settings/fields", custom_fields.listing, name="custom_fields_first"),
    path("settings/fields/<int:pk>", custom_fields.page, name="custom_field"),
    path("settings/fields/<int:pk>/place", custom_fields.place, name="custom_field_place"),
    path("settings/fields/<int:pk>/archiving", custom_fields.archiving, name="custom_field_archiving"),
    path("settings/fields/<int:pk>/restoring", custom_fields.restoring, name="custom_field_restoring"),
    path("settings/fields/<int:pk>/choices", custom_fields.choices, name="custom_choices"),
    path("settings/fields/<int:pk>/choices/<int:choice>", custom_fields.choice, name="custom_choice"),
    path("settings/fields/<slug:noun>", custom_fields.listing, name="custom_fields"),
    path("settings/fields/<slug:noun>/new", custom_fields.new, name="custom_field_new"),
    path("stages", stages.stages, name="stages"),
    path("stages/<slug:key>", stages.stage, name="stage"),
]
