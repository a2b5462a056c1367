"""The pages about AWS: each of their `sh` commands runs, in order, in a generated project against the emulator and moto."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.rendering import PROJECT, ROOT, Renderer
from tests.shown import Block, blocks_of, commands_of

DOCS = ROOT / "docs"
PAGES = ("to-aws.md", "custom-domain.md", "rotate-the-secret.md")
SOMETHING_TO_DO = 2


@dataclass
class Workplace:
    """A generated project with a database, and everything of AWS that it needs."""

    project: Path
    environment: dict[str, str]

    def run(self, commands: list[str]) -> list[tuple[str, int, str]]:
        """One shell for all of them, as a reader has: each command, its exit code and what it printed."""
        script = "\n".join(f"{{ {command}\n}} 2>&1; printf '\\n@@ %s\\n' $?" for command in commands)
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.project, env=self.environment, capture_output=True, text=True, check=False
        )
        parts = re.split(r"\n@@ (\d+)\n", done.stdout)
        return [
            (command, int(code), out) for command, out, code in zip(commands, parts[::2], parts[1::2], strict=False)
        ]


@pytest.fixture
def moto() -> Iterator[str]:
    """ACM, Route 53, CloudWatch Logs and the account's settings."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def workplace(render: Renderer, tmp_path: Path, moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """Beside the project its `.venv`, which is this one."""
    project = render.fresh(tmp_path, use_terraform=True, setup_now=False)
    (project / ".venv").symlink_to(Path(sys.prefix))
    (project / ".env").write_text(
        f"DJANGO_SECRET_KEY={'k' * 50}\nWEBSOCKET_SECRETS={'s' * 40}\nDATABASE_URL=sqlite:///{project / 'db.sqlite3'}\n"
    )
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
    route53 = boto3.client(
        "route53", "us-east-1", endpoint_url=moto, aws_access_key_id="local", aws_secret_access_key="local"
    )
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="docs")["HostedZone"]["Id"].rsplit("/", 1)[-1]
    endpoints = {f"AWS_ENDPOINT_URL_{name}": moto for name in ("ACM", "ROUTE_53", "CLOUDWATCH_LOGS", "API_GATEWAY")}
    environment = keep | keys | endpoints | {"ZONE": zone, "PYTHONDONTWRITEBYTECODE": "1"}
    monkeypatch.setattr("moto.settings.ACM_VALIDATION_WAIT", 0)
    command = [
        ".venv/bin/python",
        "-u",
        "manage.py",
        "emulator",
        "--port",
        "0",
        "--state",
        str(tmp_path / "state.json"),
    ]
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout is not None
        url = re.search(r"http://127\.0\.0\.1:\d+", emulator.stdout.readline())
        assert url is not None
        environment |= {
            "AWS_ENDPOINT_URL_APIGATEWAYV2": url[0],
            "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": url[0],
        }
        try:
            yield Workplace(project, environment)
        finally:
            emulator.terminate()


def commands(blocks: list[Block]) -> list[str]:
    """All of them."""
    return [command for block in blocks for command in commands_of(block.text)]


def expected(command: str) -> set[int]:
    """A plan says with its exit code whether there is something to do."""
    return {0, SOMETHING_TO_DO} if "--plan" in command else {0}


PREPARED = [
    ".venv/bin/python manage.py migrate -v0",
    ".venv/bin/python manage.py register_gateway",
    ".venv/bin/python manage.py provision_gateway",
]


@pytest.mark.parametrize("page", [*PAGES, "tutorial.md"])
def test_every_command_of_the_page_runs(workplace: Workplace, shown: list[Block], page: str) -> None:
    """In the order of the page, in one shell. What two pages take for granted has been done before."""
    before = PREPARED if page in {"custom-domain.md", "rotate-the-secret.md"} else []

    done = workplace.run(before + commands(shown))

    assert len(done) == len(before) + len(commands(shown))
    for command, code, out in done:
        assert code in expected(command), f"{command} -> {code}\n{out}"


def test_a_rotation_has_nothing_to_plan_before_it_switches(workplace: Workplace) -> None:
    """As the page says: accepting a second secret changes nothing on AWS."""
    done = workplace.run(PREPARED + commands(blocks_of("rotate-the-secret.md", "sh")))

    plans = [(code, out) for command, code, out in done if "--plan" in command]
    assert [code for code, _ in plans] == [0]
    assert "Nothing to do" in plans[0][1]


@pytest.mark.parametrize("step", [1, 8, 15])
def test_a_killed_command_is_finished_by_the_next(workplace: Workplace, step: int) -> None:
    """With SIGKILL, in the middle of its steps: no lock is left and nothing is made twice."""
    workplace.run(PREPARED[:2])
    command = [".venv/bin/python", "-u", "manage.py", "provision_gateway"]
    with subprocess.Popen(
        command, cwd=workplace.project, env=workplace.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith(f"[{step}/") for line in process.stdout)
        process.kill()

    done = workplace.run([PREPARED[2], f"{PREPARED[2]} --plan"])

    url = workplace.environment["AWS_ENDPOINT_URL_APIGATEWAYV2"]
    client = boto3.client(
        "apigatewayv2", "us-east-1", endpoint_url=url, aws_access_key_id="local", aws_secret_access_key="local"
    )
    assert process.returncode == -signal.SIGKILL
    assert [code for _, code, _ in done] == [0, 0], done
    assert len(client.get_apis()["Items"]) == 1


@pytest.mark.parametrize("page", [*PAGES, "iam.md"])
def test_the_page_says_what_has_not_been_tried(page: str) -> None:
    """Plainly, and near the top."""
    assert "othing has been run on AWS" in (DOCS / page).read_text(encoding="utf-8").replace(
        "here has been", "has been"
    )


def test_the_policies_of_the_page_are_those_of_the_project(shown: list[Block]) -> None:
    """Both, word for word."""
    folder = ROOT / PROJECT / "gateway" / "provisioning" / "policies"

    assert [json.loads(block.text) for block in shown] == [
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("runtime", "deployer")
    ]
