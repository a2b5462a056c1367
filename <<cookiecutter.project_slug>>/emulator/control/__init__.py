"""The `apigatewayv2` REST API, as far as WebSocket APIs with HTTP_PROXY integrations need it."""

from emulator.control.faults import ControlFaults, Fault, FaultKind
from emulator.control.router import routes

__all__ = ["ControlFaults", "Fault", "FaultKind", "routes"]
