"""Gateways and channel permissions as each process remembers them for `CACHE_SECONDS`."""

from django.db.models.signals import post_delete, post_save

from gateway.caching import TimedCache
from gateway.models import ApiGateway, ChannelPermission


def _load_gateway(api_id: str) -> ApiGateway | None:
    return ApiGateway.objects.filter(api_id=api_id).first()


def _load_channel(channel_name: str) -> ChannelPermission | None:
    return ChannelPermission.objects.filter(channel_name=channel_name).first()


gateways = TimedCache(_load_gateway)
channels = TimedCache(_load_channel)

for _model, _cache in ((ApiGateway, gateways), (ChannelPermission, channels)):
    post_save.connect(_cache.clear, sender=_model, dispatch_uid=f"clear {_model.__name__}")
    post_delete.connect(_cache.clear, sender=_model, dispatch_uid=f"clear {_model.__name__}")


def forget() -> None:
    """Clears both caches: for tests, whose rows vanish without a signal."""
    gateways.clear()
    channels.clear()
