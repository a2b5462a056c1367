"""The admin, one file a noun. Importing them registers them."""

from gateway.admin import attempts, channels, figures, gateways, refusals, sessions, tokens

__all__ = ["attempts", "channels", "figures", "gateways", "refusals", "sessions", "tokens"]
