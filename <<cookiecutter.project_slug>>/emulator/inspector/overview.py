"""What the page shows beside the feed: how things stand now. Every list is bounded."""

import time
from typing import Any, Final

from emulator.connection import Connection, State
from emulator.control.deployments import snapshot_of
from emulator.faults import FAULTS
from emulator.inspector.changes import undeployed_changes
from emulator.masking import Masker
from emulator.plane import DataPlane
from emulator.state import Api, Record
from emulator.store import Store

CONNECTIONS_SHOWN: Final = 200
WARPED_SECONDS: Final = 1.0
"""A clock that differs less from the machine's has not been warped."""


def overview(plane: DataPlane) -> dict[str, Any]:
    """Everything but the notes."""
    now = plane.clock.now()
    ahead = now - time.time()
    return {
        "now": round(now, 3),
        "ahead": round(ahead) if abs(ahead) > WARPED_SECONDS else 0,
        "idle_timeout": plane.switches.idle_timeout,
        "max_connection_time": plane.switches.max_connection_time,
        "open": len(plane.registry),
        "connections": [_connection(each) for each in _newest(plane)],
        "apis": _apis(plane),
        "metrics": plane.metrics.as_json()["Metrics"],
        "faults": _faults(plane),
    }


def _newest(plane: DataPlane) -> list[Connection]:
    return list(plane.registry)[: -CONNECTIONS_SHOWN - 1 : -1]


def _connection(connection: Connection) -> dict[str, Any]:
    caller = connection.caller
    return {
        "id": connection.connection_id,
        "state": _state(connection),
        "api_id": caller.api_id,
        "stage": caller.stage_name,
        "ip": caller.source_ip,
        "user_agent": caller.user_agent[:200],
        "connected_at": round(caller.connected_at, 3),
        "last_active_at": round(connection.last_active_at, 3),
        "messages_in": connection.messages_in,
        "messages_out": connection.messages_out,
        "in_backend": connection.messages_in_backend,
    }


def _state(connection: Connection) -> str:
    if connection.state is State.OPEN and not connection.socket.is_open:
        return "closing"
    return connection.state.name.lower()


def _faults(plane: DataPlane) -> list[dict[str, Any]]:
    active = plane.faults.active()
    return [
        {
            "name": name,
            "sentence": fault.sentence,
            "unit": fault.unit,
            "default": fault.default,
            "value": active.get(name),
        }
        for name, fault in FAULTS.items()
    ]


def _apis(plane: DataPlane) -> list[dict[str, Any]]:
    """The control plane, where it is a store."""
    store = plane.control
    return [_api(api) for api in store.state.apis.values()] if isinstance(store, Store) else []


def _api(api: Api) -> dict[str, Any]:
    current = snapshot_of(api)
    return {
        "api_id": api.record["ApiId"],
        "name": api.record["Name"],
        "expression": api.record["RouteSelectionExpression"],
        "routes": [_route(route) for route in current["Routes"]],
        "stages": [_stage(api, stage, current) for stage in api.stages.values()],
    }


def _route(route: Record) -> dict[str, Any]:
    uri = (route["Integration"] or {}).get("IntegrationUri", "")
    return {"key": route["RouteKey"], "two_way": route["TwoWay"], "uri": Masker().url(uri)}


def _stage(api: Api, stage: Record, current: Record) -> dict[str, Any]:
    deployment_id = stage.get("DeploymentId", "")
    return {
        "name": stage["StageName"],
        "deployment_id": deployment_id,
        "deployed_on": api.deployments.get(deployment_id, {}).get("CreatedDate", ""),
        "changes": undeployed_changes(api.snapshots.get(deployment_id, {}), current),
    }
