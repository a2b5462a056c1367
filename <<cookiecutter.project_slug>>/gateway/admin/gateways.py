"""Gateways in the admin: what is asked for can be edited, what AWS made of it is shown, and actions bring the two together."""

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from gateway.models import ApiGateway, ApiGatewayAdditionalRoute
from gateway.provisioning.apply import apply, destroy, plan_for, plan_to_destroy
from gateway.provisioning.calls import ControlPlane, control_plane
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.plan import Action, Plan
from gateway.provisioning.state import Kind

Planner = Callable[[ApiGateway, ControlPlane], Plan]
MADE_BY_AWS = ("api_id", "api_endpoint", "callback_url", "control_plane")


class RouteInline(admin.TabularInline):
    """The routes besides the three built-in ones, edited with their gateway."""

    model = ApiGatewayAdditionalRoute
    extra = 0


@admin.register(ApiGateway)
class ApiGatewayAdmin(admin.ModelAdmin):
    """Saving changes the record only; the actions of the list show a plan and then change AWS."""

    list_display = ("api_name", "stage_name", "target_base_endpoint", "api_id", "custom_domain")
    search_fields = ("api_name", "domain_name", "api_id")
    inlines = (RouteInline,)
    actions = ("create_api", "create_custom_domain", "apply_plan", "destroy_api")
    fieldsets = (
        (None, {"fields": ("api_name", "stage_name", "target_base_endpoint", "route_selection_expression")}),
        ("Channels", {"fields": ("default_channel_name",)}),
        (
            "Custom domain",
            {"fields": ("domain_name", "custom_domain", "certificate_arn", "hosted_zone_id", "api_mapping_key")},
        ),
        (
            "Details",
            {
                "fields": (
                    "dual_stack",
                    "throttling_rate_limit",
                    "throttling_burst_limit",
                    "access_log_arn",
                    "disconnect_headers",
                    "callback_url_override",
                )
            },
        ),
        ("What AWS made of it", {"fields": MADE_BY_AWS}),
    )

    def has_provision_permission(self, request: HttpRequest) -> bool:
        """Changing AWS takes more than changing a record."""
        return request.user.has_perm("gateway.provision_apigateway")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiGateway | None = None) -> tuple[str, ...]:
        """Where messages are posted, signed with this site's credentials, is for those who may change AWS."""
        return MADE_BY_AWS if self.has_provision_permission(request) else (*MADE_BY_AWS, "callback_url_override")

    def has_delete_permission(self, request: HttpRequest, obj: ApiGateway | None = None) -> bool:
        """A record whose API exists is destroyed first: nobody would know of the API afterwards."""
        return (obj is None or not obj.api_id) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """Deleting many at once would pass by the rule above. From Django 6.1 on there are actions in two places."""
        where = {"action_location": action_location} if action_location else {}
        found = super().get_actions(request, **where)
        return {name: action for name, action in found.items() if name != "delete_selected"}

    @admin.action(description="Create API", permissions=["provision"])
    def create_api(self, request: HttpRequest, queryset: QuerySet[ApiGateway]) -> HttpResponse | None:
        def planner(gateway: ApiGateway, plane: ControlPlane) -> Plan:
            plan = plan_for(gateway, plane)
            if plan.actual.only(Kind.API):
                raise ProvisioningError(f"The API of {gateway.api_name} exists already: use the action Apply.")
            return plan

        return self._plan_then(request, queryset, "create_api", planner, apply)

    @admin.action(description="Create custom domain", permissions=["provision"])
    def create_custom_domain(self, request: HttpRequest, queryset: QuerySet[ApiGateway]) -> HttpResponse | None:
        def planner(gateway: ApiGateway, plane: ControlPlane) -> Plan:
            if not gateway.domain_name:
                raise ProvisioningError(f"{gateway.api_name} has no domain name: fill it in first.")
            wanted = copy.copy(gateway)
            wanted.custom_domain = True
            return plan_for(wanted, plane)

        def turn_on(gateway: ApiGateway, plane: ControlPlane, say: Callable[[str], None]) -> Plan:
            gateway.custom_domain = True
            gateway.save(update_fields=["custom_domain", "updated_on"])
            return apply(gateway, plane, say)

        return self._plan_then(request, queryset, "create_custom_domain", planner, turn_on)

    @admin.action(description="Apply: make AWS as the record asks", permissions=["provision"])
    def apply_plan(self, request: HttpRequest, queryset: QuerySet[ApiGateway]) -> HttpResponse | None:
        return self._plan_then(request, queryset, "apply_plan", plan_for, apply)

    @admin.action(description="Destroy: remove everything from AWS", permissions=["provision"])
    def destroy_api(self, request: HttpRequest, queryset: QuerySet[ApiGateway]) -> HttpResponse | None:
        return self._plan_then(request, queryset, "destroy_api", plan_to_destroy, destroy)

    def _plan_then(
        self,
        request: HttpRequest,
        queryset: QuerySet[ApiGateway],
        action: str,
        planner: Planner,
        carry_out: Callable[[ApiGateway, ControlPlane, Callable[[str], None]], Plan],
    ) -> HttpResponse | None:
        """Shows the plan; once exactly that plan is confirmed, carries it out, after the request's transaction if there is one."""
        if queryset.count() != 1:
            self.message_user(request, "Choose one gateway: each has a plan of its own.", messages.ERROR)
            return None
        gateway = queryset.get()
        try:
            plane = control_plane()
            plan = planner(gateway, plane)
        except ProvisioningError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        if not plan:
            self.message_user(request, "Nothing to do: AWS is as wanted.", messages.SUCCESS)
            return None
        if request.POST.get("confirmed") != fingerprint(plan):
            return self._show(request, gateway, action, plan, plane)

        def run() -> None:
            what = getattr(self, action).short_description
            self.log_change(request, gateway, f"{what} ({len(plan.steps)} steps on {plane.name})")
            try:
                carry_out(gateway, plane, lambda _line: None)
            except ProvisioningError as error:
                self.log_change(request, gateway, f"{what}: stopped. {error}")
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"Done: {len(plan.steps)} steps on {plane.name}.", messages.SUCCESS)

        transaction.on_commit(run)
        return None

    def _show(
        self, request: HttpRequest, gateway: ApiGateway, action: str, plan: Plan, plane: ControlPlane
    ) -> TemplateResponse:
        context = self.admin_site.each_context(request) | {
            "title": f"Plan for {gateway.api_name}",
            "opts": self.opts,
            "gateway": gateway,
            "plan": plan,
            "plane": plane.name,
            "action": action,
            "fingerprint": fingerprint(plan),
            "changed": "confirmed" in request.POST,
            "deletes": any(step.action is Action.DELETE and step.kind is Kind.API for step in plan.steps),
        }
        return TemplateResponse(request, "admin/gateway/apigateway/plan.html", context)


def fingerprint(plan: Plan) -> str:
    """Tells one plan from another, so that what is carried out is what was shown."""
    return hashlib.sha256(json.dumps(plan.as_json(), sort_keys=True).encode()).hexdigest()
