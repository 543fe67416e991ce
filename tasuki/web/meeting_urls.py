"""Meetings, and what of them is open to people outside."""

from django.urls import path

from tasuki.web import booking, meetings, own_calendars

urlpatterns = [
    path("meetings", meetings.listing, name="meetings"),
    path("meetings/<int:pk>", meetings.page, name="meeting"),
    path("meetings/<int:pk>/time", meetings.move, name="meeting_move"),
    path("meetings/<int:pk>/confirmation", meetings.confirmation, name="meeting_confirmation"),
    path("meetings/<int:pk>/holding", meetings.holding, name="meeting_holding"),
    path("meetings/<int:pk>/no-show", meetings.no_show, name="meeting_no_show"),
    path("meetings/<int:pk>/cancellation", meetings.cancellation, name="meeting_cancellation"),
    path("meetings/calendar", meetings.feed_renewal, name="meeting_feed_renewal"),
    path("meetings/calendar/removal", meetings.feed_removal, name="meeting_feed_removal"),
    path("profile/calendar", own_calendars.own, name="own_calendar"),
    path("profile/calendar/choice", own_calendars.choice, name="own_calendar_choice"),
    path("profile/calendar/removal", own_calendars.removal, name="own_calendar_removal"),
    path("profile/calendar/meetings/<int:pk>/answer", own_calendars.answer, name="own_calendar_answer"),
    path("leads/<int:pk>/meetings/new", meetings.new, name="meeting_new"),
    path("leads/<int:pk>/booking-links", meetings.link_add, name="booking_link_add"),
    path("booking-links/<int:pk>/removal", meetings.link_removal, name="booking_link_removal"),
    path("book/<str:token>", booking.page, name="booking"),
    path("book/<str:token>/cancellation", booking.cancellation, name="booking_cancellation"),
    path("calendar/<str:token>.ics", booking.feed, name="meeting_feed"),
]
