"""The `apigatewayv2` REST API, as far as WebSocket APIs with HTTP_PROXY integrations need it."""

from emulator.control.faults import ControlFault, ControlFaults, FaultKind
from emulator.control.router import routes

__all__ = ["ControlFault", "ControlFaults", "FaultKind", "routes"]
