"""The Terraform module: formatted, tested where it needs no provider, and true to the provider's schema."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.provider.check import faults

# Terraform comes from no package registry: a machine without it does not have these two tests at all.
HAS_TERRAFORM = shutil.which("terraform") is not None


@pytest.fixture
def module(original: Path) -> Path:
    return original / "terraform"


@pytest.fixture
def copied(module: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    return Path(shutil.copytree(module, tmp_path / "terraform"))


def terraform(folder: Path, data: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TF_DATA_DIR": str(data), "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    return subprocess.run(
        ["terraform", f"-chdir={folder}", *command], env=environment, check=False, capture_output=True, text=True
    )


if HAS_TERRAFORM:

    def test_it_is_formatted(module: Path, tmp_path: Path) -> None:
        """`terraform fmt` has nothing to say."""
        done = terraform(module, tmp_path, "fmt", "-check", "-recursive", "-diff")

        assert done.returncode == 0, done.stdout + done.stderr

    def test_its_decisions_are_tested_offline(copied: Path, tmp_path: Path) -> None:
        """Names, secrets and route keys are worked out in a module without a provider."""
        terraform(copied / "naming", tmp_path / "data", "init", "-no-color")

        done = terraform(copied / "naming", tmp_path / "data", "test", "-no-color")

        assert done.returncode == 0, done.stdout + done.stderr
        assert "7 passed, 0 failed" in done.stdout


def test_it_fits_the_provider(module: Path) -> None:
    """Every argument, block, reference and attribute is one that the AWS provider has."""
    assert faults(module) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("main.tf", "timeout_milliseconds", "timeout_seconds", "unknown argument timeout_seconds"),
        ("main.tf", 'route_response_key = "$default"', "", "missing route_response_key"),
        (
            "main.tf",
            "throttling_burst_limit ",
            "throttling_bursts ",
            "default_route_settings: unknown argument throttling_bursts",
        ),
        ("main.tf", "destination_arn", "destination", "access_log_settings: missing destination_arn"),
        (
            "main.tf",
            "aws_apigatewayv2_deployment.this.id",
            "aws_apigatewayv2_deployment.that.id",
            "that is not declared",
        ),
        ("iam.tf", "current.account_id", "current.account", "has no attribute account"),
        ("main.tf", 'dynamic "access_log_settings"', 'dynamic "log_settings"', "unknown block log_settings"),
        ("domain.tf", "alias {", "aliases {", "unknown argument aliases"),
    ],
)
def test_the_check_finds_faults(copied: Path, file: str, old: str, new: str, fault: str) -> None:
    """A misspelt module does not pass."""
    path = copied / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")

    found = faults(copied)

    assert any(fault in line for line in found), found
