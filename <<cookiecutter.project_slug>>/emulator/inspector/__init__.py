"""The inspector: a page of the emulator that shows what goes on in it, live, and lets people break things on purpose."""

from emulator.inspector.control_notes import noted
from emulator.inspector.routes import inspector_routes

__all__ = ["inspector_routes", "noted"]
