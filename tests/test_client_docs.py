"""What `docs/client.md` says of the browser client is so: its examples run, its tables are the client's own."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rendering import PROJECT, ROOT
from tests.shown import Block, blocks_of

NODE = shutil.which("node")
MODULE = (ROOT / PROJECT / "gateway" / "static" / "gateway" / "client.js").as_uri()
PAGE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")

BROWSER = """
const answers = { chat_message: { type: "error", code: "payload_invalid", message: "No.", errors: {} } };
globalThis.document = Object.assign(new EventTarget(), {
  cookie: "csrftoken=abc",
  getElementById: () => ({ dataset: { tokenUrl: "/t/", checkUrl: "/c/", channel: "lobby", csrfCookie: "csrftoken" } }),
});
globalThis.CustomEvent ??= class extends Event {
  constructor(type, { detail }) {
    super(type);
    this.detail = detail;
  }
};
globalThis.fetch = async () => new Response(JSON.stringify({ token: "t", url: "ws://127.0.0.1/production" }));
globalThis.WebSocket = class {
  readyState = 0;
  constructor() {
    setImmediate(() => {
      this.readyState = 1;
      this.onopen?.();
    });
  }
  send(text) {
    const { action, id } = JSON.parse(text);
    const reply = { ...(answers[action] ?? { type: "reply" }), reply_to: id };
    if (id) setImmediate(() => this.onmessage?.({ data: JSON.stringify(reply) }));
  }
  close() {}
};
"""

pytestmark = pytest.mark.skipif(NODE is None and os.environ.get("CI") != "true", reason="Node.js is not installed")


def run(folder: Path, script: str) -> str:
    """What a module prints when it runs in a little browser. It is ended then: an open connection would keep it alive."""
    (folder / "browser.mjs").write_text(BROWSER, encoding="utf-8")
    end = "await new Promise((resolve) => setTimeout(resolve, 50));\nprocess.exit(0);\n"
    path = folder / "example.mjs"
    path.write_text(f'import "./browser.mjs";\n{script}\n{end}', encoding="utf-8")
    done = subprocess.run([NODE or "node", str(path)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(heading: str) -> list[list[str]]:
    """The rows of the first table after a heading."""
    after = PAGE.split(f"## {heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", after, re.MULTILINE)
    assert lines is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[0].splitlines()[2:]]


@pytest.mark.parametrize("number", range(len(blocks_of("client.md", "js"))))
def test_an_example_runs(tmp_path: Path, shown: list[Block], number: int) -> None:
    """As it stands in the page, apart from where the module is."""
    example = shown[number].text

    printed = run(tmp_path, example.replace("/static/gateway/client.js", MODULE))

    assert bool(printed) is ("console.log" in example)


def test_the_table_of_close_codes_is_the_clients(tmp_path: Path) -> None:
    """Codes, least waits, and whether requests go out again."""
    show = f"import {{ CLOSE_POLICY }} from {json.dumps(MODULE)};\nconsole.log(JSON.stringify(CLOSE_POLICY));"
    policy = json.loads(run(tmp_path, show))
    written = {
        code: {"least": int(wait.removesuffix(" s") or 0) * 1000, "resend": again == "yes"}
        for code, _, wait, again in table("After each close code")
        if code.isdigit()
    }

    assert written == {code: {"least": row["least"], "resend": row["resend"]} for code, row in policy.items()}


def test_every_option_of_the_types_is_explained() -> None:
    """Those for tests are named in one sentence, the others in the table."""
    types = (ROOT / PROJECT / "gateway" / "static" / "gateway" / "client.d.ts").read_text(encoding="utf-8")
    block = types.split("export interface Options {", 1)[1].split("\n}", 1)[0]
    declared = set(re.findall(r"^  (\w+)\?:", block, re.MULTILINE))

    explained = {row[0].strip("`") for row in table("Options")}

    assert {name for name in declared - explained if f"`{name}`" not in PAGE} == set()
    assert explained <= declared


def test_the_codes_that_stop_it_are_the_clients(tmp_path: Path) -> None:
    """None is missing in the list, and none is there for nothing; a bare 401 stops it as well."""
    module = json.dumps(MODULE.replace("client.js", "protocol.js"))
    permanent = json.loads(
        run(tmp_path, f"import {{ PERMANENT }} from {module};\nconsole.log(JSON.stringify([...PERMANENT]));")
    )
    said = PAGE.split("which says why:\n", 1)[1].split("(Django's own", 1)[0]

    assert set(re.findall(r"`(\w+)`", said)) == {*permanent, "http_401"}
