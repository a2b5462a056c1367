"""The types of the browser client: they compile, a page in TypeScript can use all of them, and the code keeps what they promise."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.rendering import PROJECT, ROOT

NPM = shutil.which("npm")
HERE = Path("tests") / "types"
CLIENT = Path(PROJECT) / "gateway" / "static" / "gateway"
PAGE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
MANIFEST = ("package.json", "package-lock.json", ".npmrc")

pytestmark = pytest.mark.skipif(NPM is None and os.environ.get("CI") != "true", reason="npm is not installed")


@pytest.fixture(scope="module")
def typescript() -> Path:
    """TypeScript's folder. It is installed below `build`, once for each lock file."""
    folder = ROOT / "build" / "types"
    lock, done = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not done.is_file() or lock.read_bytes() != (ROOT / HERE / lock.name).read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        for name in MANIFEST:
            shutil.copy2(ROOT / HERE / name, folder)
        run(NPM or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
    return folder / "node_modules" / "typescript"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The client and what checks it, to plant something in."""
    shutil.copytree(ROOT / HERE, tmp_path / HERE)
    shutil.copytree(ROOT / CLIENT, tmp_path / CLIENT)
    return tmp_path


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def compiles(typescript: Path, project: Path) -> None:
    """Fails with the compiler's own lines if it has any to say."""
    run("node", typescript / "bin" / "tsc", "--project", project)


def plant(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old} is {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_page_in_typescript_can_use_everything(typescript: Path) -> None:
    """Strictly, and what the types forbid is refused."""
    compiles(typescript, ROOT / HERE)


def test_the_modules_keep_what_the_types_promise(typescript: Path) -> None:
    """Options, methods, states and the details of events, as far as the compiler sees into JavaScript."""
    compiles(typescript, ROOT / HERE / "modules.json")


def test_the_names_of_the_types_are_those_of_the_module(typescript: Path) -> None:
    """Neither has an export or a method that the other has not."""
    names = json.loads(run("node", ROOT / HERE / "names.mjs", typescript / "lib" / "typescript.js", ROOT / CLIENT))

    assert names["declared"] == names["there"]
    assert "GatewayClient" in names["there"]["exports"]


def test_the_examples_of_the_page_agree_with_the_types(typescript: Path, copy: Path) -> None:
    """Every block of JavaScript in `docs/client.md`."""
    settings: dict[str, Any] = {"allowJs": True, "checkJs": True, "strict": False, "noUnusedLocals": False}
    files = []
    for number, example in enumerate(re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)):
        files.append(f"example_{number}.js")
        (copy / HERE / files[-1]).write_text(example, encoding="utf-8")
    project = copy / HERE / "examples.json"
    project.write_text(json.dumps({"extends": "./tsconfig.json", "compilerOptions": settings, "files": files}))

    compiles(typescript, project)

    assert files


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("  queueLimit?: number;", "  queueSize?: number;", "queueLimit", id="option"),
        pytest.param("  close(): void;", "  close(): void;\n  leave(): void;", "leave", id="method"),
        pytest.param("open: { replaced: boolean }", "open: { fresh: boolean }", "replaced", id="event"),
        pytest.param("export type State = ", "export type State = = ", "TS1110", id="syntax"),
    ],
)
def test_types_that_drift_are_found(typescript: Path, copy: Path, old: str, new: str, complaint: str) -> None:
    """By the compiler, which names what differs."""
    plant(copy / CLIENT / "client.d.ts", old, new)

    with pytest.raises(AssertionError, match=complaint):
        compiles(typescript, copy / HERE / "modules.json")


def test_the_lock_holds_hashes_and_no_address() -> None:
    """Whoever installs decides where from; what comes is what was tested."""
    lock = json.loads((ROOT / HERE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert packages
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
