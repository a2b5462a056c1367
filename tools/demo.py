"""`make demo`: renders the template with its default answers into build/demo, sets that up and serves it.

What the project made there itself (`.env`, `.venv`, the database) outlives the next render, as do files of your own; files
that the last render brought and the template no longer has do not.
"""

import argparse
import filecmp
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
DEMO = BUILD / "demo"
LAST_RENDER = BUILD / "demo.files"

sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "<<cookiecutter.project_slug>>"))

import setup_project as setup

LOCAL = {
    ".env",
    ".venv",
    ".emulator",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "staticfiles",
}
"""What appears while a project is worked on (the SQLite database aside). It is no part of a render."""


class DemoError(Exception):
    """Why there is no demo, in one sentence."""


def require_free(ports: Mapping[str, int]) -> None:
    """Fail before the long part, not after it, and say of all ports at once which command would work."""
    taken = {variable: port for variable, port in ports.items() if not is_free(port)}
    if taken:
        others = " ".join(f"{name}={port + 1000 if name in taken else port}" for name, port in ports.items())
        numbers = " and ".join(str(port) for port in taken.values())
        which = f"Ports {numbers} are taken" if len(taken) > 1 else f"Port {numbers} is taken"
        raise DemoError(f"{which}, perhaps by a demo in another terminal: stop that, or `make demo {others}`.")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OverflowError:
            raise DemoError(f"{port} is no port: choose one from 1 to 65535.") from None
        except OSError:
            return False
    return True


# --- Rendering ----------------------------------------------------------------------------------------------------


def cookiecutter() -> Path:
    """Cookiecutter, in an environment of its own."""
    venv = BUILD / ".venv"
    setup.make_venv(venv)
    setup.install(venv, [ROOT / "tools" / "cookiecutter.lock"])
    return venv / "bin" / "cookiecutter"


def render(into: Path) -> Path:
    """The project that the default answers give, in a folder below `into`."""
    config = into / "cookiecutter.yaml"  # the answers and folders of the person at the keyboard stay out of this
    config.write_text(f"cookiecutters_dir: {into / 'clones'}\nreplay_dir: {into / 'replay'}\n", encoding="utf-8")
    output = into / "project"
    command = (cookiecutter(), "--no-input", "--config-file", config, "--output-dir", output, ROOT, "setup_now=false")
    status, said = setup.run(*command, cwd=into)
    if status != 0:
        raise DemoError(f"Cookiecutter could not render the template: {said.strip()}")
    return next(output.iterdir())


def files_below(folder: Path) -> Iterator[str]:
    """The files of a render, as paths relative to it."""
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in LOCAL]
        for name in files:
            if name not in LOCAL and ".sqlite3" not in name:
                yield os.path.relpath(os.path.join(root, name), folder)


def synchronise(rendered: Path, target: Path, last_time: Iterable[str]) -> list[str]:
    """Bring `target` up to the render; the render's files. Files that stayed the same keep their time stamps."""
    files = sorted(files_below(rendered))
    for name in set(last_time) - set(files):
        (target / name).unlink(missing_ok=True)
    for name in files:
        source, destination = rendered / name, target / name
        if destination.is_file() and filecmp.cmp(source, destination, shallow=False):
            continue
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, destination)
    return files


def drop_older_database(rendered: Path, target: Path) -> bool:
    """Whether the demo's database went: a migration that it has had reads otherwise now, so it can never catch up."""
    rewritten = [
        old
        for old in target.glob("*/migrations/*.py")
        if (new := rendered / old.relative_to(target)).is_file() and not filecmp.cmp(new, old, shallow=False)
    ]
    databases = [target / "db.sqlite3", *target.glob("db.sqlite3-*")] if rewritten else []
    for database in databases:
        database.unlink(missing_ok=True)
    return bool(rewritten)


# --- The steps ----------------------------------------------------------------------------------------------------


def prepare() -> None:
    """Render and set up. Only the first time takes long."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="render-") as folder:
        rendered = render(Path(folder))
        last_time = LAST_RENDER.read_text(encoding="utf-8").splitlines() if LAST_RENDER.exists() else []
        if drop_older_database(rendered, DEMO):
            print("The tables have changed since the last demo: this one starts with an empty database.")
        files = synchronise(rendered, DEMO, last_time)
    LAST_RENDER.write_text("\n".join(files), encoding="utf-8")
    print(f"Rendered {len(files)} files into build/demo.")
    setup.set_up(DEMO, dev=False, database=False)


def serve(port: int, gateway_port: int) -> None:
    """Become `manage.py dev`, so that whatever signal comes reaches it and nothing is left to clean up here."""
    os.chdir(DEMO)
    python = str(setup.python_of(DEMO / ".venv"))
    sys.stdout.flush()
    os.execve(
        python,
        [python, "manage.py", "dev", "--port", str(port), "--gateway-port", str(gateway_port)],
        setup.clean_environment(os.environ),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8000, help="where the site answers (8000)")
    parser.add_argument("--gateway-port", type=int, default=8001, help="where the local API Gateway answers (8001)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        require_free({"PORT": options.port, "GATEWAY_PORT": options.gateway_port})
        prepare()
    except (DemoError, setup.SetupError) as error:
        print(f"No demo yet. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    serve(options.port, options.gateway_port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
