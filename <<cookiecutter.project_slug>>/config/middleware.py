"""What is answered before anything else looks at a request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import resolve

HEALTH = frozenset({"/healthz", "/readyz"})


class HealthForAnyHost:
    """Answers health checks whatever `Host` says: load balancers ask by address, which `ALLOWED_HOSTS` does not hold."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in HEALTH:
            return self.get_response(request)
        view, arguments, options = resolve(request.path_info)
        response: HttpResponse = view(request, *arguments, **options)
        return response
