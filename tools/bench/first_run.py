"""From `git clone` to a chat message on screen, step by step; and generating a project against generating a single file."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from bench.figures import Measurements, at_most
from bench.options import Options
from bench.paths import ROOT
from bench.processes import HOST, BenchmarkError, Program, clean_environment, free_port, run

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
COLD, WARM = "nothing cached", "packages in pip's cache"
OURS, ONE_FILE = "this template", "a template of one file"
PATIENCE_MS = 60_000
ANSWERS = ("setup_now=false",)


def measure(options: Options) -> Measurements:
    """The first run with an empty and with a full cache of packages, and the generation alone."""
    found = Measurements("first-run")
    # First, before the installations below: what they write keeps the disk busy for minutes.
    with _place() as folder:
        _generate(found, folder, rounds=2 if options.quick else 15)
    for number in range(1 if options.quick else 3):
        with _place() as folder:
            cache = folder / "pip-cache"
            for subject in (COLD, WARM):
                seconds = FirstRun(folder / subject.replace(" ", "-"), cache).go()
                found.record(subject, number, **seconds, **{"total s": sum(seconds.values())})
    for subject in (COLD, WARM):
        found.add(f"git clone to a chat message on screen, {subject}", found.samples(subject, "total s"), unit="s")
    found.ratio(f"generating a project: time, {OURS} / {ONE_FILE}", "seconds", OURS, ONE_FILE, at_most(1.5))
    return found


@contextmanager
def _place() -> Iterator[Path]:
    """A folder outside of the repository, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="first-run-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _without_uv() -> str:
    """PATH as on a machine that has Python and git, and no uv."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not Path(folder, "uv").exists())


class FirstRun:
    """One person, one empty folder."""

    def __init__(self, folder: Path, cache: Path) -> None:
        """`cache`: pip's."""
        self.folder = folder
        self.seconds: dict[str, float] = {}
        self._environment = clean_environment({"PIP_CACHE_DIR": str(cache), "PATH": _without_uv()})
        self._template = folder / "template"
        self._tool = folder / "tool"
        self._project = folder / "my_realtime_site"
        folder.mkdir(parents=True)

    def go(self) -> dict[str, float]:
        """Every step, with the seconds that it took."""
        self._step("clone", lambda: run(["git", "clone", "--quiet", ROOT.as_uri(), self._template]))
        self._step("cookiecutter", self._install_cookiecutter)
        self._step("generate", self._generate)
        self._step("packages", lambda: self._run(sys.executable, "setup_project.py", "--no-database"))
        self._step("database", self._prepare_database)
        self._start_and_look()
        return self.seconds

    def _step(self, name: str, do: Callable[[], object]) -> None:
        began = time.perf_counter()
        do()
        self.seconds[f"{name} s"] = time.perf_counter() - began

    def _run(self, *command: str | Path) -> str:
        return run(list(command), environment=self._environment, folder=self._project)

    def _install_cookiecutter(self) -> None:
        run([sys.executable, "-m", "venv", self._tool], environment=self._environment)
        lock = self._template / "tools" / "cookiecutter.lock"
        pip = [self._tool / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        run([*pip, "--requirement", lock], environment=self._environment)

    def _generate(self) -> None:
        config = _config(self.folder)
        command = [self._tool / "bin" / "cookiecutter", "--config-file", config, "--output-dir", self.folder]
        run([*command, "--no-input", self._template, *ANSWERS], environment=self._environment)

    def _prepare_database(self) -> None:
        python = self._project / ".venv" / "bin" / "python"
        self._run(python, "manage.py", "migrate", "--verbosity", "0")
        self._run(python, "manage.py", "register_gateway")

    def _start_and_look(self) -> None:
        """`make run` provisions the local API Gateway and says READY; then a person signs in and writes."""
        port, gateway_port = free_port(), free_port()
        python = self._project / ".venv" / "bin" / "python"
        command = [python, "-u", "manage.py", "dev", "--port", str(port), "--gateway-port", str(gateway_port)]
        began = time.perf_counter()
        log = self.folder / "site.log"
        with Program(command, environment=self._environment, folder=self._project, log=log, talks=True) as site:
            while not site.read_line().startswith("READY"):
                pass
            self.seconds["provision and start s"] = time.perf_counter() - began
            self._step("message", lambda: _say_hello(f"http://{HOST}:{port}/"))


def _browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise BenchmarkError("The first run ends in a browser: install chromium.")
    return found


def _say_hello(address: str) -> None:
    """A browser starts, alice signs in, writes, and sees what she wrote come back."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        page = playwright.chromium.launch(executable_path=_browser(), args=options).new_page()
        page.goto(address)
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill("demo-password")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("textbox", name="Message to").fill("hello")
        page.keyboard.press("Enter")
        message = page.locator("#messages li:not(.pending) .text", has_text="hello")
        expect(message).to_have_count(1, timeout=PATIENCE_MS)


# --- Generating alone ---------------------------------------------------------------------------------------------


def _config(folder: Path) -> Path:
    """Answers and folders of nobody in particular."""
    path = folder / "cookiecutter.yaml"
    path.write_text(f"cookiecutters_dir: {folder / 'clones'}\nreplay_dir: {folder / 'replay'}\n", encoding="utf-8")
    return path


def _one_file(folder: Path) -> Path:
    """The smallest template there is: one question, one file, no hook."""
    inside = folder / "{{cookiecutter.project_slug}}"
    inside.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(json.dumps({"project_slug": "one", "setup_now": False}), encoding="utf-8")
    (inside / "README.md").write_text("# {{cookiecutter.project_slug}}\n", encoding="utf-8")
    return folder


def _generate(found: Measurements, folder: Path, *, rounds: int) -> None:
    """Both templates in turn, each in a process of its own. What others have yet to write is written before."""
    templates = {OURS: folder / "template", ONE_FILE: _one_file(folder / "one-file")}
    run(["git", "clone", "--quiet", ROOT.as_uri(), templates[OURS]])
    command = [ROOT / ".venv" / "bin" / "cookiecutter", "--config-file", _config(folder), "--no-input"]
    os.sync()
    for number in range(rounds):
        for subject in list(templates)[:: 1 if number % 2 else -1]:
            output = folder / "out" / str(number)
            began = time.perf_counter()
            run([*command, "--output-dir", output, templates[subject], *ANSWERS], environment=clean_environment({}))
            found.record(subject, number, seconds=time.perf_counter() - began)
