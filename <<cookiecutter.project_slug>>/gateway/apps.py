"""The gateway app: API Gateway events in, messages out."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "API Gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from gateway import checks, monitoring, revocation  # noqa: F401  (the checks register themselves)

        revocation.connect()
        monitoring.start_flushing()
