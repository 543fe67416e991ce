"""Who gets a lead, and what departments promised each other."""

from django.urls import path

from tasuki.web import agreements, handoff_rules, leads
from tasuki.web.inside_sales import routing, routing_pools

urlpatterns = [
    path("leads/<int:pk>/attempts", leads.attempts, name="lead_attempts"),
    path("leads/<int:pk>/routing", routing.again, name="lead_routing"),
    path("settings/routing", routing.page, name="routing"),
    path("settings/routing/draft", routing.draft, name="routing_draft"),
    path("settings/routing/draft/terms", routing.terms, name="routing_terms"),
    path("settings/routing/draft/publication", routing.publication, name="routing_publication"),
    path("settings/routing/draft/removal", routing.discarding, name="routing_discarding"),
    path("settings/routing/rules/new", routing.rule_new, name="routing_rule_new"),
    path("settings/routing/rules/<int:pk>", routing.rule, name="routing_rule"),
    path("settings/routing/rules/<int:pk>/place", routing.rule_place, name="routing_rule_place"),
    path("settings/routing/rules/<int:pk>/removal", routing.rule_removal, name="routing_rule_removal"),
    path("settings/routing/simulation", routing.simulation, name="routing_simulation"),
    path("settings/routing/log", routing.log, name="routing_log"),
    path("settings/routing/pools", routing_pools.listing, name="routing_pools"),
    path("settings/routing/pools/<int:pk>", routing_pools.page, name="routing_pool"),
    path("settings/routing/pools/<int:pk>/removal", routing_pools.removal, name="routing_pool_removal"),
    path("settings/routing/pools/<int:pk>/seats", routing_pools.seats, name="routing_seats"),
    path("settings/routing/pools/<int:pk>/seats/<int:member>", routing_pools.seat, name="routing_seat"),
    path("settings/routing/pools/<int:pk>/seats/<int:member>/removal", routing_pools.seat_removal, name="routing_seat_removal"),
    path("settings/agreements", agreements.listing, name="agreements"),
    path("settings/agreements/new", agreements.new, name="agreement_new"),
    path("settings/agreements/hand-offs", handoff_rules.page, name="handoff_rules"),
    path("settings/agreements/<int:pk>", agreements.page, name="agreement"),
    path("settings/agreements/<int:pk>/place", agreements.place, name="agreement_place"),
    path("response-times", agreements.times, name="response_times"),
    path("response-times/rows", agreements.rows, name="response_time_rows"),
]
