"""The gateway as asked for, and the ids of what AWS made of it."""

from django.core.validators import RegexValidator
from django.db import models

from gateway.limits import MAX_ROUTE_KEY_LENGTH
from gateway.models.channel_permission import channel_name_validator

route_key_validator = RegexValidator(
    r"\A[A-Za-z0-9_-]+\Z", "A route key has letters, digits, hyphens and underscores only: it is also the end of a URL."
)
stage_validator = RegexValidator(
    r"\A[A-Za-z0-9_-]{1,128}\Z", "A stage name has letters, digits, hyphens and underscores only."
)


class ApiGateway(models.Model):
    """One WebSocket API on API Gateway.

    The upper fields are wishes, written by `register_gateway` or in the admin. The lower ones are what AWS answered; they are a
    cache, valid only for the control plane they came from, and nothing but `gateway.provisioning` writes them.
    """

    api_name = models.CharField(max_length=128, unique=True)
    target_base_endpoint = models.CharField(
        max_length=1024,
        help_text="Address of the views that serve events, with a trailing slash: https://www.example.com/ws/",
    )
    route_selection_expression = models.CharField(max_length=512, default="$request.body.action")
    stage_name = models.CharField(max_length=128, default="production", validators=[stage_validator])
    domain_name = models.CharField(max_length=253, blank=True, help_text="The socket's own domain: ws.example.com")
    default_channel_name = models.CharField(max_length=191, default="lobby", validators=[channel_name_validator])

    custom_domain = models.BooleanField(default=False, help_text="Serve the socket on its own domain.")
    certificate_arn = models.CharField(max_length=256, blank=True)
    hosted_zone_id = models.CharField(max_length=64, blank=True)
    api_mapping_key = models.CharField(max_length=300, blank=True)
    dual_stack = models.BooleanField(default=False, help_text="Serve IPv6 as well as IPv4.")
    throttling_rate_limit = models.FloatField(default=10_000.0)
    throttling_burst_limit = models.PositiveIntegerField(default=5_000)
    access_log_arn = models.CharField(max_length=512, blank=True)
    disconnect_headers = models.BooleanField(
        default=True, help_text="Map the close code and reason; turned off by itself when AWS refuses the mapping."
    )
    registered_digest = models.CharField(max_length=64, blank=True, editable=False)
    registered_fields = models.JSONField(default=list, blank=True, editable=False)

    api_id = models.CharField(max_length=64, blank=True, db_index=True)
    api_endpoint = models.CharField(max_length=512, blank=True, help_text="wss://..., without the stage")
    callback_url = models.CharField(
        max_length=1024, blank=True, help_text="Where messages are posted: the management API"
    )
    callback_url_override = models.CharField(
        max_length=1024, blank=True, help_text="Posts go here instead, through a proxy of your own for example."
    )
    control_plane = models.CharField(
        max_length=512, blank=True, editable=False, help_text="Where the ids below came from"
    )
    aws_ids = models.JSONField(default=dict, blank=True, editable=False)

    created_on = models.DateTimeField(auto_now_add=True)
    updated_on = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "API gateway"
        ordering = ["api_name"]
        permissions = [("provision_apigateway", "Can change on AWS what API gateways ask for")]

    def __str__(self) -> str:
        return self.api_name

    @property
    def socket_url(self) -> str:
        """The address that clients open, without a token. Empty until the API exists."""
        if self.domain_is_live:
            key = f"/{self.api_mapping_key}" if self.api_mapping_key else ""
            return f"wss://{self.domain_name}{key}"
        return f"{self.api_endpoint}/{self.stage_name}" if self.api_endpoint else ""

    @property
    def is_deployed(self) -> bool:
        """Whether there is a stage to connect to. What Terraform made comes whole, without ids."""
        return bool(self.api_id) and (not self.aws_ids or bool(self.aws_ids.get("stage")))

    @property
    def domain_is_live(self) -> bool:
        """Whether the socket is served on its own domain: not before its API mapping exists, and never by an emulator."""
        is_mapped = not self.aws_ids or bool(self.aws_ids.get("API mapping"))
        return bool(self.custom_domain and self.domain_name and is_mapped) and not self.api_endpoint.startswith("ws://")


class ApiGatewayAdditionalRoute(models.Model):
    """A route besides `$connect`, `$disconnect` and `$default`."""

    api_gateway = models.ForeignKey(ApiGateway, models.CASCADE, related_name="additional_routes")
    route_key = models.CharField(max_length=MAX_ROUTE_KEY_LENGTH, validators=[route_key_validator])
    endpoint = models.CharField(
        max_length=1024, blank=True, help_text="Empty: the gateway's own endpoint plus the route key"
    )
    reply = models.BooleanField(default=True, help_text="Two-way: what the handler returns reaches the sender")

    class Meta:
        verbose_name = "additional route"
        ordering = ["route_key"]
        constraints = [models.UniqueConstraint(fields=["api_gateway", "route_key"], name="one_route_per_key")]

    def __str__(self) -> str:
        return self.route_key
