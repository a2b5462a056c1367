"""Who carries out what the documentation shows. One table for blocks, one for single commands, one for what cannot be run here.

A page's `sh`, `python` and `diff` blocks are a story, which `test_docs.py` tells in a generated project that runs, unless the
table gives them to another test. Such a test has the fixture `shown`, which hands it what it is said to carry out here, read
from the page: so it runs the very text, and a test that is not in the table gets nothing.

    ```sh        carried out by a story, or by the test in the table
    ```console   begins elsewhere than in a project, or cannot be run here: each command is in one of the tables
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.rendering import PROJECT, ROOT

README, PROJECTS_README = "../README.md", f"../{PROJECT}/README.md"
CARRIED_OUT = {
    (PROJECTS_README, "sh"): "test_docs.py::test_the_readme_of_a_project_comes_true",
    (PROJECTS_README, "python"): "test_docs.py::test_the_readme_of_a_project_comes_true",
    ("remove-the-example.md", "sh"): "test_docs.py::test_the_example_can_be_removed_in_three_steps",
    ("remove-the-example.md", "python"): "test_docs.py::test_the_example_can_be_removed_in_three_steps",
    ("remove-the-example.md", "diff"): "test_docs.py::test_the_example_can_be_removed_in_three_steps",
    ("tutorial.md", "sh"): "test_docs.py::test_the_tutorial_comes_true",
    ("tutorial.md", "python"): "test_docs.py::test_the_tutorial_comes_true",
    ("tutorial.md", "json"): "test_docs.py::test_the_tutorial_comes_true",
    ("client.md", "html"): "test_docs.py::test_a_template_is_one",
    ("client.md", "js"): "test_client_docs.py::test_an_example_runs",
    ("client.md", "sh"): "test_docs.py::test_the_clients_tests_are_stages",
    ("custom-domain.md", "sh"): "test_deployment_docs.py::test_every_command_of_the_page_runs[custom-domain.md]",
    (
        "rotate-the-secret.md",
        "sh",
    ): "test_deployment_docs.py::test_every_command_of_the_page_runs[rotate-the-secret.md]",
    ("to-aws.md", "sh"): "test_deployment_docs.py::test_every_command_of_the_page_runs[to-aws.md]",
    ("emulator.md", "python"): "test_emulator_docs.py::test_recipes_are_run",
    ("handlers.md", "python"): "test_inbound_docs.py::test_the_example_works",
    ("iam.md", "json"): "test_deployment_docs.py::test_the_policies_of_the_page_are_those_of_the_project",
    ("keep-up.md", "sh"): "test_cruft.py::test_the_page_comes_true",
    ("keep-up.md", "diff"): "test_matrix.py::test_the_bound_of_django_can_be_lifted",
    ("operations.md", "ini"): "test_docs.py::test_systemd_understands_the_units",
    ("sending.md", "python"): "test_docs.py::test_the_calls_of_sending_are_made",
}
"""Page and language -> the test that carries these blocks out. A page is a path below docs/."""
STORY = "test_docs.py::test_a_story_comes_true"
TOLD = ("sh", "python", "diff")
NEVER_SHOWN_ONLY = (*TOLD, "js", "html", "ini", "json")

FIRST = "test_first_commands.py::test_the_first_commands_work"
SERVER = "test_deployment_docs.py::test_every_command_of_the_page_runs[tutorial.md]"
COMMANDS = {
    "cookiecutter gh:org/apigw-ws-template": FIRST,
    "cd my_realtime_site && make run": FIRST,
    "make demo": "test_demo.py::test_it_serves_the_page_and_stops_on_ctrl_c",
    "make lock ARGS=--upgrade": "test_matrix.py::test_the_bound_of_django_can_be_lifted",
    ".venv/bin/python manage.py migrate": SERVER,
    ".venv/bin/python manage.py register_gateway": SERVER,
    ".venv/bin/python manage.py provision_gateway --plan": SERVER,
    ".venv/bin/python manage.py provision_gateway": SERVER,
    ".venv/bin/python manage.py gateway_doctor": SERVER,
}
"""A command of a `console` block -> the test that runs it."""

NOT_RUN = {
    r"pip install (cookiecutter|cruft)": "fetches the newest release; the tests use the one that requirements.lock pins",
    r"make (test|check)": "takes minutes; each of its steps is run by tests/test_generated.py",
    r"journalctl .*": "reads the log of a server",
    r"aws .*": "needs an AWS account",
    r"terraform .*": "needs an AWS account",
    r"export (AWS_PROFILE|TF_VAR_websocket_secret)=\.\.\.": "needs an AWS account",
    r"\S+ manage.py register_gateway --terraform-outputs \S+": "reads what Terraform made on AWS",
    r"\S+ manage.py create_custom_domain( --certificate-arn \S+)?": "waits for DNS, or for a certificate of an AWS account",
}
"""What cannot be run here, and why. It is only looked at: a shell must be able to read it, and JSON in it must be JSON."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block, with the output that the page shows for it."""

    language: str
    text: str
    output: str = ""


def pages() -> list[str]:
    """Every page, as a path below docs/."""
    return sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


def every_page() -> list[str]:
    """The two READMEs as well."""
    return [README, PROJECTS_README, *pages()]


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def blocks_of(page: str, *languages: str) -> list[Block]:
    """The page's fenced blocks, in order; of some languages only, if any is named."""
    blocks = [Block(*found) for found in BLOCK.findall(text_of(page))]
    return [block for block in blocks if block.language in languages or not languages]


def commands_of(text: str) -> Iterator[str]:
    """The commands of a block, without prompt and comment; one may go over several lines within quotes."""
    lines: list[str] = []
    for line in text.splitlines():
        lines.append(line)
        try:
            words = shlex.split("\n".join(lines), comments=True)
        except ValueError:  # a quotation goes on
            continue
        if words:
            yield re.sub(r"^\$ |\s+# .*$", "", "\n".join(lines))
        lines = []


def stories() -> list[str]:
    """The pages with blocks that nobody else carries out."""
    return [page for page in every_page() if story_of(page)]


def story_of(page: str) -> list[Block]:
    """What a story tells of a page."""
    return [block for block in blocks_of(page, *TOLD) if (page, block.language) not in CARRIED_OUT]


def shown_commands() -> dict[str, list[str]]:
    """Each command of a `console` block, and the pages that have it."""
    found: dict[str, list[str]] = {}
    for page in every_page():
        for block in blocks_of(page, "console"):
            for command in commands_of(block.text):
                found.setdefault(command, []).append(page)
    return found


def given_to(test: str) -> list[Block]:
    """What the tables give to a test, such as `test_docs.py::test_x[case]`, in the order of the tables and of the pages."""
    names = {test, test.partition("[")[0]}
    blocks = [
        block
        for page, language in CARRIED_OUT
        if CARRIED_OUT[page, language] in names
        for block in blocks_of(page, language)
    ]
    there = shown_commands()
    return blocks + [Block("console", command) for command, by in COMMANDS.items() if by in names and command in there]


def why_not_run(command: str) -> str | None:
    """The reason, if it is one that cannot be run here."""
    return next((why for what, why in NOT_RUN.items() if re.fullmatch(what, command, re.DOTALL)), None)
