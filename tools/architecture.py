"""Writes the list of files in the generated project's ARCHITECTURE.md, from what each file says of itself.

python tools/architecture.py            write it
python tools/architecture.py --check    fail if it is not up to date
"""

import ast
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "<<cookiecutter.project_slug>>"
DOCUMENT = PROJECT / "ARCHITECTURE.md"
MARKED = re.compile(r"(<!-- files:.*?-->\n).*?(<!-- end of files -->)", re.DOTALL)

FOLDERS = {
    ".": "The project as a whole: how it is set up, run, checked and shipped.",
    ".github": "What GitHub runs and watches.",
    ".github/workflows": "",
    "accounts": "The custom user model, and how one signs in. Nothing else.",
    "config": "Settings and addresses.",
    "emulator": (
        "A local API Gateway, in asyncio and without Django. Every behaviour names the AWS fact that it rests on: "
        '"AWS facts 1.5" is section 1.5 of `docs/aws-facts.md` in the template\'s repository.'
    ),
    "gateway": "The engine: API Gateway's events in, messages out. It knows nothing of `realtime/`.",
    "gateway/management": "What the commands share.",
    "gateway/management/commands": "`manage.py NAME`; each has a `--help`.",
    "gateway/static/gateway": "The client that pages import: ES modules, no build step.",
    "gateway/templates/admin/gateway": "",
    "gateway/templatetags": "",
    "realtime": "This project's own: the handlers, what they do, and the page.",
    "terraform": "The same gateway without boto3, if that was chosen.",
    "terraform/naming": "",
    "tests": (
        "They mirror the folders above. `emulator/` and `gateway/` test the engine, `realtime/` this project, `client/` the\n"
        "browser's side (`node --test tests/client/`), `journeys/` whole stories with real sockets and a browser."
    ),
}
"""What a folder without a docstring of its own is for."""

FILES = {
    ".dockerignore": "What the image does without.",
    ".editorconfig": "How editors indent.",
    ".env.example": "Every variable, with values for a laptop; `make install` makes `.env` of it.",
    ".gitattributes": "Line ends.",
    ".github/dependabot.yml": "Weekly updates, a week after their release.",
    ".github/workflows/ci.yml": "`make check` on each supported Python, the tests on PostgreSQL.",
    ".gitignore": "What stays on this machine.",
    ".importlinter": "Who may import whom.",
    ".pre-commit-config.yaml": "The quick checks, before each commit.",
    "AGENTS.md": "The commands and rules, for coding agents.",
    "ARCHITECTURE.md": "This map.",
    "Dockerfile": "The image: two stages, no root.",
    "LICENSE": "MIT, until you choose otherwise.",
    "Makefile": "Every command one needs; `make` lists them.",
    "README.md": "Run it, extend it, test it, ship it.",
    "SECURITY.md": "How to report a weakness, and what is looked after already.",
    "accounts/static/accounts/icon.svg": "The site's icon.",
    "accounts/templates/admin/base_site.html": "What the admin's pages have around them: the site's icon besides.",
    "accounts/templates/registration/login.html": "The page at `/accounts/login/`.",
    "accounts/templates/registration/sign_in_form.html": "The form on it, and on the demo page.",
    "accounts/templates/site.html": "What all pages have around them.",
    "compose.yml": "PostgreSQL for development, and the image as a server runs it.",
    "config/gateway.json": "The gateway as asked for: name, domains, stage, routes.",
    "emulator/inspector/page/icon.svg": "Its icon.",
    "emulator/inspector/page/index.html": "The page at `/_emulator/`.",
    "gateway/management/commands/cleanup_rate_limits.py": "`manage.py cleanup_rate_limits`: what counts no more.",
    "gateway/management/commands/cleanup_websocket_tokens.py": "`manage.py cleanup_websocket_tokens`: what nobody can redeem.",
    "gateway/static/gateway/client.d.ts": "Its types, for editors and TypeScript.",
    "gateway/provisioning/policies/deployer.json": "What an AWS user needs to provision.",
    "gateway/provisioning/policies/runtime.json": "What Django's AWS role needs to send.",
    "gateway/static/gateway/link.js": "One socket after another: when to connect, ping and give up.",
    "gateway/static/gateway/options.js": "The client's options: defaults, limits, and the browser that it finds.",
    "gateway/static/gateway/outbox.js": "What waits to be sent or answered.",
    "gateway/static/gateway/package.json": "Tells Node and editors that these are ES modules.",
    "gateway/static/gateway/site.js": "What the client asks of Django: a token, and why it was refused.",
    "gateway/templates/admin/gateway/apigateway/plan.html": "What provisioning would do, in the admin.",
    "gateway/templates/admin/gateway/metric/change_list.html": 'The page "Realtime" in the admin.',
    "pyproject.toml": "What the project needs, and how its tools are set.",
    "realtime/templates/realtime/page.html": "The chat, for those who are signed in.",
    "realtime/templates/realtime/welcome.html": "What everybody else sees.",
    "requirements-celery.txt": "Pins with hashes: with Celery, if that was chosen.",
    "requirements-dev.txt": "Pins with hashes: with tests and tools.",
    "requirements.txt": "Pins with hashes: what runs.",
    "terraform/.gitignore": "State stays on this machine.",
    "terraform/versions.tf": "Which Terraform and which provider.",
}
"""What a file says that cannot say it itself."""


def tracked() -> list[str]:
    """The project's files, those of its tests aside."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "."]
    names = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split("\0")
    left_out = re.compile(r"^tests/|__init__\.py$|/migrations/")
    return sorted(name for name in set(names) if name and not left_out.search(name) and (PROJECT / name).is_file())


def first_sentence(text: str) -> str:
    """Up to the first full stop, on one line."""
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0]


def docstring(source: str) -> str:
    try:
        return ast.get_docstring(ast.parse(source)) or ""
    except SyntaxError:  # a file that is Python only once it is rendered
        found = re.match(r'"""(.*?)"""', source, re.DOTALL)
        return found[1] if found else ""


def sentence_of(name: str) -> str:
    """What the file is for: its docstring's or first comment's first sentence."""
    if name in FILES:
        return FILES[name]
    source = (PROJECT / name).read_text(encoding="utf-8")
    if name.endswith(".py"):
        return first_sentence(docstring(source))
    found = re.match(r"(?://|#) (.+)|/\*\*?\s*(?:\* )?(.+?)\s*\*/", source, re.DOTALL if source.startswith("/*") else 0)
    return first_sentence((found[1] or found[2]).replace("\n *", "\n")) if found else ""


def purpose_of(folder: str) -> str:
    if folder in FOLDERS:
        return FOLDERS[folder]
    package = PROJECT / folder / "__init__.py"
    return first_sentence(docstring(package.read_text(encoding="utf-8"))) if package.exists() else ""


def folder_of(name: str) -> str:
    return str(PurePosixPath(name).parent)


def listing() -> str:
    """The tree: folders as headings, files as lines."""
    lines: list[str] = []
    for folder, names in groupby(sorted(tracked(), key=lambda name: (folder_of(name), name)), key=folder_of):
        lines += ["", f"## {'At the root' if folder == '.' else f'`{folder}/`'}", ""]
        purpose = purpose_of(folder)
        lines += [purpose, ""] if purpose else []
        for name in names:
            sentence = sentence_of(name)
            if not sentence:
                sys.exit(
                    f"{name} does not say what it is for: give it a first sentence, or one in tools/architecture.py."
                )
            lines.append(f"- `{PurePosixPath(name).name}` {sentence}")
    return "\n".join([*lines, "", "## `tests/`", "", FOLDERS["tests"], "", ""])


def main() -> int:
    document = DOCUMENT.read_text(encoding="utf-8")
    wanted = MARKED.sub(lambda marks: f"{marks[1]}{listing()}{marks[2]}", document)
    if "--check" not in sys.argv:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif wanted != document:
        print("ARCHITECTURE.md does not show the tree as it is: run `make map`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
