from django.apps import AppConfig


class EngageConfig(AppConfig):
    name = "tasuki.engage"
    default_auto_field = "django.db.models.BigAutoField"
