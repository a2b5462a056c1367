"""The local API Gateway, against a bare aiohttp relay that only holds sockets and posts each message to the same backend."""

from contextlib import ExitStack
from typing import Any

import boto3
from botocore.config import Config

from bench.figures import Measurements, at_least, at_most
from bench.native import ManagementApi, program
from bench.options import Options
from bench.paths import HERE
from bench.processes import HOST, BenchmarkError, Program, free_port
from bench.sides import Side, ours

PARALLEL_HANDSHAKES = 100
ACTIVE = 100
"""Sockets that send, each its next message when the last has come back."""
MESSAGE_BYTES = 100
STAGE = "production"
MAPPED = {
    "Connection-Id": "context.connectionId",
    "Event": "context.eventType",
    "Route": "context.routeKey",
    "Api-Id": "context.apiId",
    "Source-Ip": "context.identity.sourceIp",
    "Stage": "context.stage",
    "Domain": "context.domainName",
    "User-Agent": "context.identity.userAgent",
    "Connected-At": "context.connectedAt",
    "Message-Id": "context.messageId",
    "Request-Id": "context.requestId",
    "Secret": "'benchmark-secret-benchmark-secret-benchmark'",
}
"""What the project's own provisioning maps."""


class Sockets(Program):
    """The load; see `socket_load.c`."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__([program("socket_load"), HOST, str(port), path], talks=True)

    def open(self, count: int) -> dict[str, Any]:
        """Open sockets until there are so many."""
        report: dict[str, Any] = self.ask(f"open {count} {PARALLEL_HANDSHAKES}")
        if report["failed"]:
            raise BenchmarkError(f"{report['failed']} of {count} handshakes failed.")
        return report

    def run(self, seconds: float) -> dict[str, Any]:
        """Send messages and wait for each."""
        report: dict[str, Any] = self.ask(f"run {seconds} {ACTIVE} {MESSAGE_BYTES}")
        if report["errors"] or not report["messages"]:
            raise BenchmarkError(
                f"Of {report['messages']} messages, {report['errors']} came back changed or not at all."
            )
        return report


def _provision(url: str, backend: str, *, connect_route: bool) -> None:
    """An API whose `$default` is two-way; with `$connect` and `$disconnect` as the project has them, or without."""
    client = boto3.client(
        "apigatewayv2",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )
    api = client.create_api(Name="bench", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")[
        "ApiId"
    ]
    for route in ["$default", "$connect", "$disconnect"] if connect_route else ["$default"]:
        integration = client.create_integration(
            ApiId=api,
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="POST",
            IntegrationUri=f"{backend}/ws/{route[1:]}",
            RequestParameters={f"integration.request.header.X-Gateway-{name}": value for name, value in MAPPED.items()},
        )["IntegrationId"]
        two_way = {"RouteResponseSelectionExpression": "$default"} if route == "$default" else {}
        created = client.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{integration}", **two_way)
        if two_way:
            client.create_route_response(ApiId=api, RouteId=created["RouteId"], RouteResponseKey="$default")
    deployment = client.create_deployment(ApiId=api)["DeploymentId"]
    client.create_stage(ApiId=api, StageName=STAGE, DeploymentId=deployment)


def _emulator(stack: ExitStack, side: Side, backend: ManagementApi, *, connect_route: bool) -> tuple[Program, Sockets]:
    port = free_port()
    server = stack.enter_context(
        side.python(HERE / "projects" / "ours" / "emulator_server.py", str(port), database_url="", log="emulator")
    )
    server.wait_for_port(port)
    _provision(f"http://{HOST}:{port}", backend.url, connect_route=connect_route)
    return server, stack.enter_context(Sockets(port, f"/{STAGE}"))


def _relay(stack: ExitStack, side: Side, backend: ManagementApi) -> tuple[Program, Sockets]:
    port = free_port()
    script = HERE / "projects" / "relay.py"
    server = stack.enter_context(
        side.python(script, str(port), f"{backend.url}/ws/default", database_url="", log="relay")
    )
    server.wait_for_port(port)
    return server, stack.enter_context(Sockets(port, "/"))


def _start(stack: ExitStack, subject: str, side: Side, backend: ManagementApi) -> tuple[Program, Sockets]:
    if subject == "relay":
        return _relay(stack, side, backend)
    return _emulator(stack, side, backend, connect_route=subject == "emulator")


def _serve(subject: str, side: Side, backend: ManagementApi, options: Options) -> dict[str, float]:
    """A fresh server: open the sockets, send messages."""
    with ExitStack() as stack:
        server, sockets = _start(stack, subject, side, backend)
        before_opening = server.cpu()
        opened = sockets.open(options.sockets)
        handshake_cpu = server.cpu() - before_opening
        sockets.run(min(1.0, options.seconds))
        before = server.cpu()
        sent = sockets.run(options.seconds)
        cpu = server.cpu() - before
    return {
        "handshakes/s": opened["opened"] / opened["seconds"],
        "CPU us/handshake": handshake_cpu / opened["opened"] * 1e6,
        "messages/s": sent["messages"] / sent["seconds"],
        "CPU us/message": cpu / sent["messages"] * 1e6,
        "p50 ms": sent["p50_ms"],
        "p99 ms": sent["p99_ms"],
    }


def _hold(subject: str, side: Side, backend: ManagementApi, options: Options) -> float:
    """KiB that the server holds for each open socket."""
    with ExitStack() as stack:
        server, sockets = _start(stack, subject, side, backend)
        sockets.open(options.sockets // 10)
        before = server.resident_bytes()
        opened = sockets.open(options.many_sockets)
        return (server.resident_bytes() - before) / opened["opened"] / 1024


def measure(options: Options) -> Measurements:
    """The part `emulator`."""
    measurements, side = Measurements("emulator"), ours()
    subjects = ["relay", "emulator", "emulator without $connect"]
    with ManagementApi() as backend:
        for number in range(options.rounds):
            for subject in subjects if number % 2 else subjects[::-1]:
                measurements.record(subject, number, **_serve(subject, side, backend, options))
        for subject in ("relay", "emulator"):
            size = _hold(subject, side, backend, options)
            measurements.record(f"{subject}: {options.many_sockets:,} open sockets", 0, **{"KiB/socket": size})
    measurements.ratio("handshakes per second, emulator / relay", "handshakes/s", "emulator", "relay", at_least(0.4))
    title = "handshakes per second without a $connect route, emulator / relay"
    measurements.ratio(title, "handshakes/s", "emulator without $connect", "relay")
    measurements.ratio("echoed messages per second, emulator / relay", "messages/s", "emulator", "relay", at_least(0.5))
    measurements.ratio("CPU per message, emulator / relay", "CPU us/message", "emulator", "relay", at_most(2))
    held = f"emulator: {options.many_sockets:,} open sockets"
    measurements.add(
        f"memory with {options.many_sockets:,} open sockets",
        measurements.samples(held, "KiB/socket"),
        at_most(40),
        unit="KiB",
    )
    return measurements
