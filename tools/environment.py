"""`make install`: the environment that this repository's tests run in, from requirements.lock."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "<<cookiecutter.project_slug>>"))

import setup_project as setup

if __name__ == "__main__":
    try:
        setup.make_venv(ROOT / ".venv")
        setup.install(ROOT / ".venv", [ROOT / "requirements.lock"])
    except setup.SetupError as error:
        sys.exit(f"The environment is not ready. {error}")
