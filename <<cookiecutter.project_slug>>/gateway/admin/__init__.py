"""The admin, one file a noun. Importing them registers them."""

from gateway.admin import figures

__all__ = ["figures"]
