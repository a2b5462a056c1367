"""For load balancers and deployments: is the process up, and can it serve?"""

from threading import Event

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from gateway.conf import conf
from gateway.models import ApiGateway


class HealthView(View):
    """The process answers. Asks nothing of anybody else, so that a slow database does not get it killed."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Always 200."""
        return JsonResponse({"status": "ok"})


class ReadyView(View):
    """Events can be served: the database answers, its migrations are applied, there is a secret, and a gateway is deployed."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """200, or 503 with what is missing in one word each."""
        missing = what_is_missing()
        status = "ok" if not missing else "not ready"
        return JsonResponse({"status": status, "missing": missing}, status=503 if missing else 200)


def what_is_missing() -> list[str]:
    """Of `database`, `migrations`, `secret`, `gateway` and `deployment`, in this order. Why is for the log, not for strangers."""
    missing = [] if conf().SECRETS else ["secret"]
    try:
        if not migrations_are_applied():
            return [*missing, "migrations"]
        gateways = list(ApiGateway.objects.all())
    except DatabaseError:
        return [*missing, "database"]
    if not gateways:
        missing.append("gateway")
    elif not any(gateway.is_deployed for gateway in gateways):
        missing.append("deployment")
    return missing


APPLIED = Event()


def migrations_are_applied() -> bool:
    """Asked until it is so: the code of a running process does not change."""
    if not APPLIED.is_set():
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            APPLIED.set()
    return APPLIED.is_set()
