"""What the documentation names is there: commands, options, files, settings, addresses."""

import re

import pytest
from django.conf import global_settings

from tests.rendering import PROJECT, ROOT, known_files
from tests.shown import blocks_of, pages, text_of

CAPITALS = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
GENERATED = {
    ".emulator/state.json",
    ".emulator/dev.json",
    "tests/realtime/test_mark_read.py",
    "terraform/gateway.auto.tfvars.json",
}
"""Files that commands write."""


def spans(page: str) -> set[str]:
    """What stands between backticks in a page's prose."""
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"(?<!`)`([^`\n]+)`", prose))


@pytest.mark.parametrize("page", pages())
def test_commands_exist(page: str) -> None:
    """Whatever is said of `manage.py NAME`, there is a command of that name, and it has the options."""
    folder = ROOT / PROJECT / "gateway" / "management" / "commands"
    django = {"check", "createsuperuser", "help", "makemigrations", "migrate", "runserver", "shell", "test", "NAME"}
    for command, options in re.findall(r"manage\.py (\w+)((?: --[a-z-]+)*)", text_of(page)):
        if command not in django:
            source = (folder / f"{command}.py").read_text(encoding="utf-8")
            assert [option for option in options.split() if f'"{option}"' not in source] == [], command


@pytest.mark.parametrize("page", pages())
def test_files_exist(page: str) -> None:
    """Paths in backticks are those of the repository or of a project, unless the page makes them."""
    there = {name.removeprefix(f"{PROJECT}/") for name in known_files()}
    made = {
        found
        for block in blocks_of(page)
        for found in re.findall(r"[\w./-]+\.(?:py|md|json)", block.text + block.output)
    }
    named = {
        span for span in spans(page) if re.fullmatch(r"\.?[\w-]+(/[\w.-]+)+\.(py|js|ts|json|md|toml|html|tf)", span)
    }
    lacking = {name for name in named if name not in there | made and f"tests/gateway/{name}" not in there}
    assert lacking - GENERATED == set()


@pytest.mark.parametrize("page", [page for page in pages() if page != "aws-facts.md"])
def test_settings_exist(page: str) -> None:
    """Words in capitals are settings, variables or constants of the code."""
    code = "\n".join(
        (ROOT / name).read_text(encoding="utf-8")
        for name in known_files()
        if name.startswith(PROJECT) and name.endswith((".py", ".example", ".js", ".tf", "Makefile", ".json"))
    )
    words = {word for span in spans(page) if not span.startswith("-") for word in CAPITALS.findall(span)}

    theirs = {
        word for cell in re.findall(r"^\| ([^|]+) \|", text_of(page), re.MULTILINE) for word in CAPITALS.findall(cell)
    }
    known = code + " ".join(dir(global_settings)) + (" ".join(theirs) if page.startswith("from-") else "")
    assert [word for word in sorted(words) if word not in known] == []


@pytest.mark.parametrize("page", pages())
def test_addresses_exist(page: str) -> None:
    """Paths of the site and of the emulator are routed."""
    sources = "\n".join(
        (ROOT / PROJECT / name).read_text(encoding="utf-8")
        for name in ("gateway/urls.py", "config/urls.py", "realtime/urls.py", "emulator/inspector/routes.py")
    )
    known = {"/_emulator", "/_emulator/"} | {f"/_emulator{path}" for path in re.findall(r'"(/[a-z-]+)"', sources)}
    known |= {"/_emulator/health", "/accounts/login/", "/accounts/logout/"}
    known |= {f"/{path}" for path in re.findall(r'path\("([^"<]*)', sources)}
    named = {
        found
        for span in spans(page)
        for found in re.findall(r"^(?:https?://(?:127\.0\.0\.1|localhost):\d+)?(/[\w/-]*)$", span)
    }

    assert {
        path for path in named if path.startswith(("/_emulator", "/api/", "/accounts", "/health", "/ready"))
    } <= known


@pytest.mark.parametrize("name", [name for name in known_files() if name.endswith(".md")])
def test_links_lead_somewhere(name: str) -> None:
    """Relative ones of every page, also of those that are not part of the site."""
    there = ROOT / name
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", there.read_text(encoding="utf-8"))

    assert [link for link in links if not (there.parent / link).exists()] == []
