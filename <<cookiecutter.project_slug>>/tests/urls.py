"""The addresses that the tests use."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from tests.gateway.views_for_tests import TestView

urlpatterns: list[URLPattern | URLResolver] = [
    path("ws/<slug:route>", TestView.as_view(), name="websocket"),
    path("", include("gateway.urls")),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
]
