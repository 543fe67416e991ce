from django.apps import AppConfig


class InsideSalesConfig(AppConfig):
    name = "tasuki.inside_sales"
    default_auto_field = "django.db.models.BigAutoField"
