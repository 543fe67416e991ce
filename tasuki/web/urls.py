"""Every address of the web, by part."""

from django.urls import include, path

urlpatterns = [
    path("", include("tasuki.web.sign_in_urls")),
    path("", include("tasuki.web.people_urls")),
    path("", include("tasuki.web.settings_urls")),
    path("", include("tasuki.web.plan_urls")),
    path("", include("tasuki.web.inside_sales_urls")),
    path("", include("tasuki.web.coaching_urls")),
    path("", include("tasuki.web.meeting_urls")),
    path("", include("tasuki.web.mail_urls")),
    path("", include("tasuki.web.routing_urls")),
    path("", include("tasuki.web.engage_urls")),
    path("", include("tasuki.web.crm_urls")),
]
