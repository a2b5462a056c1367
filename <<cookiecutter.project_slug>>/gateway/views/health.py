"""For load balancers: is the process up, and can it serve?"""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View


class HealthView(View):
    """The process answers. Asks nothing of anybody else, so that a slow database does not get it killed."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Always 200."""
        return JsonResponse({"status": "ok"})


class ReadyView(View):
    """The database answers, so events can be served: 200, or 503."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Asks the database."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                cursor.fetchone()
        except DatabaseError:
            return JsonResponse({"status": "database unavailable"}, status=503)
        return JsonResponse({"status": "ok"})
