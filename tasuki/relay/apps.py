from django.apps import AppConfig


class RelayConfig(AppConfig):
    name = "tasuki.relay"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tasuki.relay import subscriptions

        subscriptions.subscribe()
