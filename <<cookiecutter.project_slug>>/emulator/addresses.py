"""Which stage a request is for. Pure but for the look-up.

`/_apis/{api_id}/{stage}` always names one; `/{stage}` does while one API has that stage; on a custom domain (by `Host`) the path
is the api mapping key, or empty, and never names the stage (AWS facts 6.1).
"""

from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from emulator.snapshot import ControlPlane, LiveStage

APIS: Final = "_apis"
CONNECTIONS: Final = "@connections"
MAX_KEY_SEGMENTS: Final = 8


class NoStageError(Exception):
    """Nothing is there, or nothing is deployed there: AWS answers 403 Forbidden."""


class AmbiguousStageError(Exception):
    """Several APIs have a stage of that name. The text says how to address one of them."""


class Address(NamedTuple):
    """The stage meant, the host it was called by, and what the path says beyond it."""

    stage: LiveStage
    domain_name: str
    rest: tuple[str, ...]

    @property
    def connection_id(self) -> str | None:
        """The id in `@connections/{id}`, None where the path is no such thing."""
        return self.rest[1] if len(self.rest) == 2 and self.rest[0] == CONNECTIONS else None


def path_segments(target: str) -> list[str]:
    """The segments of a request target's path, decoded once."""
    return [unquote(segment) for segment in target.partition("?")[0].strip("/").split("/")]


def resolve(control: ControlPlane, host: str, segments: list[str]) -> Address:
    """The stage for a `Host` header and a path.

    Raises NoStageError or AmbiguousStageError.
    """
    hostname = _hostname(host)
    address = _by_api_id(control, hostname, segments) or _by_domain(control, hostname, segments)
    if address is None:
        address = _by_stage_name(control, hostname, segments)
    if not address.stage.deployed:
        raise NoStageError
    return address


@lru_cache(maxsize=256)
def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        raise NoStageError from None


def _by_api_id(control: ControlPlane, hostname: str, segments: list[str]) -> Address | None:
    if segments[0] != APIS:
        return None
    if len(segments) < 3:
        raise NoStageError
    stage = control.live_stage(segments[1], segments[2])
    return _default_endpoint(stage, hostname, segments[3:])


def _by_domain(control: ControlPlane, hostname: str, segments: list[str]) -> Address | None:
    key = segments[: segments.index(CONNECTIONS)] if CONNECTIONS in segments else segments
    for length in range(min(len(key), MAX_KEY_SEGMENTS), -1, -1):
        stage = control.mapped_stage(hostname, "/".join(segments[:length]))
        if stage is not None:
            rest = tuple(segment for segment in segments[length:] if segment)
            return Address(stage, hostname, rest)
    return None


def _by_stage_name(control: ControlPlane, hostname: str, segments: list[str]) -> Address:
    stages = control.stages_named(segments[0])
    if len(stages) > 1:
        choices = ", ".join(f"/{APIS}/{stage.api_id}/{stage.stage_name}" for stage in stages[:5])
        raise AmbiguousStageError(f"{len(stages)} APIs have a stage {segments[0]!r}. Address one of them: {choices}")
    return _default_endpoint(stages[0] if stages else None, hostname, segments[1:])


def _default_endpoint(stage: LiveStage | None, hostname: str, rest: list[str]) -> Address:
    if stage is None or stage.execute_api_disabled:
        raise NoStageError
    return Address(stage, hostname, tuple(segment for segment in rest if segment))
