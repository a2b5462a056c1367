"""Which stage a request is for (AWS facts 6.1 and checklist 11)."""

import pytest

from emulator.addresses import AmbiguousStageError, NoStageError, path_segments, resolve
from tests.emulator.stages import API_ID, STAGE, Stages, stage_of

HOST = "127.0.0.1:8001"


def stages() -> Stages:
    stages = Stages()
    stages.add(stage_of())
    stages.add(stage_of(stage_name="staging", deployed=False))
    stages.domains["ws.example.com", ""] = stage_of(stage_name="behind-domain")
    stages.domains["ws.example.com", "v1/chat"] = stage_of(stage_name="behind-key")
    return stages


def found(target: str, host: str = HOST) -> tuple[str, tuple[str, ...]]:
    address = resolve(stages(), host, path_segments(target))
    return address.stage.stage_name, address.rest


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        (f"/{STAGE}", HOST, (STAGE, ())),
        (f"/{STAGE}/", HOST, (STAGE, ())),
        (f"/{STAGE}?a=b/c", HOST, (STAGE, ())),
        (f"/{STAGE}/@connections/abc%3D", HOST, (STAGE, ("@connections", "abc="))),
        (f"/_apis/{API_ID}/{STAGE}", HOST, (STAGE, ())),
        (f"/_apis/{API_ID}/{STAGE}/@connections/x", HOST, (STAGE, ("@connections", "x"))),
        ("/", "ws.example.com", ("behind-domain", ())),
        ("/", "WS.Example.com:443", ("behind-domain", ())),
        ("/@connections/x", "ws.example.com", ("behind-domain", ("@connections", "x"))),
        ("/v1/chat", "ws.example.com", ("behind-key", ())),
        ("/v1/chat/@connections/x", "ws.example.com", ("behind-key", ("@connections", "x"))),
    ],
)
def test_found(target: str, host: str, expected: tuple[str, tuple[str, ...]]) -> None:
    """By API id, by the only stage of that name, by custom domain with and without a mapping key."""
    assert found(target, host) == expected


@pytest.mark.parametrize(
    "target",
    ["/", "/nowhere", "/staging", "/_apis", f"/_apis/{API_ID}", f"/_apis/other/{STAGE}", f"/_apis/{API_ID}/other"],
)
def test_not_found(target: str) -> None:
    """AWS facts 1.2: unknown and undeployed stages are the same to a client."""
    with pytest.raises(NoStageError):
        found(target)


def test_ambiguous() -> None:
    """Two APIs with the same stage name: the error names the unambiguous addresses."""
    two = stages()
    two.add(stage_of(api_id="other"))

    with pytest.raises(AmbiguousStageError, match=f"/_apis/other/{STAGE}"):
        resolve(two, HOST, [STAGE])


def test_disabled_endpoint() -> None:
    """AWS facts 7.5: a disabled default endpoint leaves only the custom domain."""
    disabled = Stages()
    disabled.add(stage_of(execute_api_disabled=True))
    disabled.domains["ws.example.com", ""] = stage_of(execute_api_disabled=True)

    assert resolve(disabled, "ws.example.com", [""]).stage.stage_name == STAGE
    with pytest.raises(NoStageError):
        resolve(disabled, HOST, [STAGE])
