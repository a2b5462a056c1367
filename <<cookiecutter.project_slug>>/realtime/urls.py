"""The page, and where API Gateway calls."""

from django.urls import path

from realtime.page import page
from realtime.views import RealtimeView

urlpatterns = [
    path("", page, name="page"),
    path("ws/<slug:route>", RealtimeView.as_view(), name="websocket"),
]
