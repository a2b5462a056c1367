"""Filters by code: they offer the codes that the engine knows, where Django's own would look through the whole table for them."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from gateway.exceptions import LoginEnded, MessageRateLimited, PermissionMissing, refusals

DISCONNECTED: Final = "disconnected_by_staff"
CLOSING: Final = (LoginEnded.code, PermissionMissing.code, MessageRateLimited.code, DISCONNECTED)
"""What the engine closes connections with. Your code may say others: they are searched for, or asked for in the address."""


class _CodeFilter(admin.SimpleListFilter):
    """Filters by the field that `parameter_name` names. A code that is not offered works in the address too."""

    parameter_name = ""

    def codes(self) -> Iterable[str]:
        """What is offered."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in sorted(self.codes())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class ClosingCodeFilter(_CodeFilter):
    """Why we ended a connection."""

    title = "closing code"
    parameter_name = "closing_code"

    def codes(self) -> Iterable[str]:
        return CLOSING


class RefusalCodeFilter(_CodeFilter):
    """Why something was refused."""

    title = "code"
    parameter_name = "code"

    def codes(self) -> Iterable[str]:
        return refusals()
