"""`/metrics`: figures for Prometheus."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views import View

from gateway import monitoring
from gateway.conf import conf

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsView(View):
    """Not public: for who sends `Authorization: Bearer` with `METRICS_TOKEN`, and for signed-in staff. Others get 404."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not _may_read(request):
            return HttpResponse("Not found\n", status=404, content_type="text/plain")
        try:
            figures = monitoring.exposition()
        except DatabaseError:
            return HttpResponse("The database does not answer\n", status=503, content_type="text/plain")
        return HttpResponse(figures, content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    token = conf().METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and constant_time_compare(given, token):
        return True
    return request.user.is_active and request.user.is_staff
