"""The relay, and the rows behind its numbers."""

from django.urls import path

from tasuki.web import relay, relay_rows

urlpatterns = [
    path("relay", relay.page, name="relay"),
    path("relay/rows", relay_rows.page, name="relay_rows"),
]
