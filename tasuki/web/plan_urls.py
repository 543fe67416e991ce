"""The revenue plan."""

from django.urls import path

from tasuki.web import plan, plan_leads

urlpatterns = [
    path("plan", plan.current, name="plan"),
    path("plan/new", plan.new, name="plan_new"),
    path("plan/leads", plan_leads.page, name="plan_leads"),
    path("plan/<int:pk>", plan.version, name="plan_version"),
    path("plan/<int:pk>/change", plan.change, name="plan_change"),
    path("plan/<int:pk>/costs", plan.costs, name="plan_costs"),
    path("plan/<int:pk>/measures", plan.measures, name="plan_measures"),
    path("plan/<int:pk>/agreement", plan.agreement, name="plan_agreement"),
    path("plan/<int:pk>/removal", plan.removal, name="plan_removal"),
    path("plan/<int:pk>/export", plan.export, name="plan_export"),
]
