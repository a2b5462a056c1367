"""The gateway app: API Gateway events in, messages out."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "API Gateway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from gateway import checks, monitoring, revocation  # noqa: F401  (the checks register themselves)
        from gateway.models.logins import index_logins

        post_migrate.connect(index_logins, sender=self)
        revocation.connect()
        monitoring.start_flushing()
