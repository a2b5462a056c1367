"""What the client does about each refusal code: a new code of the server's is one for the client too."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.exceptions import StrangerRefusal, refusals

NODE = shutil.which("node")
PROTOCOL = Path(__file__).parents[2] / "gateway" / "static" / "gateway" / "protocol.js"
SHOW = f"""
import {{ OF_THE_CONNECTION, PERMANENT }} from "{PROTOCOL.as_uri()}";
console.log(JSON.stringify({{ connection: [...OF_THE_CONNECTION], permanent: [...PERMANENT] }}));
"""

OF_DJANGO = {"csrf_failed"}
"""The client's own name for a refusal of Django's, which is a page and has no code."""

PASSING = {
    "gateway_missing": "there will be one",
    "internal_error": "somebody mends it",
    "rate_limited": "a window passes",
    "refused": "nothing more is known",
    "token_invalid": "the next attempt has a new token",
    "token_missing": "the next attempt has a new token",
}
"""What another attempt may change, and why."""

OF_A_MESSAGE = {"body_not_json", "body_too_large", "handler_unknown", "message_rate_limited", "payload_invalid"}
"""What is told to whoever sent the message; the connection goes on."""

OF_A_CONNECTION = {"session_unknown", "user_agent_changed"}
"""What is told for a message, and settled by a new connection."""

OF_AN_EVENT = {"connection_id_invalid"}
"""What only API Gateway could have got wrong: nobody tells a page."""

pytestmark = pytest.mark.skipif(NODE is None and os.environ.get("CI") != "true", reason="Node.js is not installed")


@pytest.fixture(scope="module")
def client() -> dict[str, set[str]]:
    """The client's own sets of codes: `permanent` and `connection`."""
    command = [NODE or "node", "--input-type=module", "--eval", SHOW]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return {name: set(codes) for name, codes in json.loads(done.stdout).items()}


def test_what_is_neither_passing_nor_told_elsewhere_stops_the_client(client: dict[str, set[str]]) -> None:
    """A new code has to be put into one of these lists, or into the client's."""
    strangers = {code for code, kind in refusals().items() if issubclass(kind, StrangerRefusal)}
    final = set(refusals()) - strangers - set(PASSING) - OF_A_MESSAGE - OF_A_CONNECTION - OF_AN_EVENT

    assert client["permanent"] == final | OF_DJANGO


def test_refusals_that_ask_for_a_new_connection(client: dict[str, set[str]]) -> None:
    """Of an ended login the token endpoint has the last word: a message is refused with it while its connection closes."""
    assert client["connection"] == OF_A_CONNECTION | {"login_ended"}


def test_every_list_holds_codes_of_the_server() -> None:
    """What it no longer sends need not be expected."""
    assert set(PASSING) | OF_A_MESSAGE | OF_A_CONNECTION | OF_AN_EVENT <= set(refusals())
