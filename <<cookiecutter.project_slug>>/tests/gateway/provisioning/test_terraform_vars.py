"""What Terraform is given: the same desired state, without the secret."""

import hashlib
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from gateway.provisioning.apply import wanted_state
from gateway.provisioning.doctor import diagnose
from gateway.provisioning.state import Kind
from tests.gateway.provisioning.conftest import CERTIFICATE, Site


@pytest.fixture
def written(site: Site, settings: Settings, tmp_path: Path) -> Path:
    """The variables file of a gateway with everything that can be asked for."""
    settings.BASE_DIR = tmp_path
    settings.ALLOWED_HOSTS = ["www.example.com"]
    (tmp_path / "terraform").mkdir()
    log_group = "arn:aws:logs:eu-central-1:123456789012:log-group:/websocket/tests:*"
    site.change(custom_domain=True, certificate_arn=CERTIFICATE, access_log_arn=log_group)
    call_command("terraform_vars", verbosity=0)
    return tmp_path / "terraform" / "gateway.auto.tfvars.json"


def test_the_secret_is_not_in_it(site: Site, written: Path) -> None:
    """It goes in as a sensitive variable."""
    text = written.read_text()

    assert site.settings.WEBSOCKETS["SECRETS"][0] not in text
    assert "X-Gateway-Secret" not in text


def test_it_is_what_provision_gateway_would_make(site: Site, written: Path) -> None:
    """Every route with its address, its headers and whether it answers."""
    routes = json.loads(written.read_text())["gateway"]["routes"]
    state = wanted_state(site.gateway, site.plane())

    for key, route in routes.items():
        integration = state.resources[Kind.INTEGRATION, key].properties
        secret = {"integration.request.header.X-Gateway-Secret": f"'{site.settings.WEBSOCKETS['SECRETS'][0]}'"}
        assert route["uri"] == integration["IntegrationUri"]
        assert route["request_parameters"] | secret == integration["RequestParameters"]
        assert route["two_way"] == ((Kind.ROUTE_RESPONSE, key) in state.resources)
    assert set(routes) == {"$connect", "$disconnect", "$default", "chat_message", "fetch_history", "one_way"}


def test_the_fingerprint_and_the_secret_make_the_deployments_description(site: Site, written: Path) -> None:
    """The formula that the naming module has too: both ways describe the same deployment alike."""
    fingerprint = json.loads(written.read_text())["gateway"]["fingerprint"]
    secret = site.settings.WEBSOCKETS["SECRETS"][0]
    digest = hashlib.sha256(f"{fingerprint}:{secret}".encode()).hexdigest()[:16]

    wanted = wanted_state(site.gateway, site.plane()).only(Kind.DEPLOYMENT)

    assert wanted is not None
    assert wanted.properties["Description"] == f"WebSocket deployment {digest}"


def test_domain_and_logs_are_in_it(written: Path) -> None:
    """As the module wants them."""
    gateway = json.loads(written.read_text())["gateway"]

    assert gateway["domain"] == {
        "name": "ws.example.com",
        "mapping_key": "",
        "certificate_arn": CERTIFICATE,
        "hosted_zone_id": "",
    }
    assert gateway["access_logs"]["group_name"] == "/websocket/tests"
    assert "$context.requestId" in gateway["access_logs"]["format"]


def test_a_stale_file_is_noticed(site: Site, written: Path) -> None:
    """`--check` is for a pipeline; the doctor says so too."""
    call_command("terraform_vars", check=True)
    site.gateway.additional_routes.create(route_key="later")

    with pytest.raises(CommandError) as caught:
        call_command("terraform_vars", check=True)

    assert caught.value.returncode == 2


def test_outputs_that_the_database_does_not_know_are_a_finding(site: Site, written: Path) -> None:
    """With the command that takes them in, which mends it."""
    site.change(access_log_arn="")
    assert not site.apply()
    call_command("terraform_vars", verbosity=0)
    outputs = {"api_id": "other", "api_endpoint": site.gateway.api_endpoint}
    written.with_name("outputs.json").write_text(
        json.dumps({name: {"value": value} for name, value in outputs.items()})
    )

    findings = diagnose(site.gateway, site.plane())

    assert [finding.remedy for finding in findings] == [
        "manage.py register_gateway --terraform-outputs terraform/outputs.json"
    ]


def test_without_the_folder_the_answer_is_named(site: Site, settings: Settings, tmp_path: Path) -> None:
    """A project may have been generated without Terraform."""
    settings.BASE_DIR = tmp_path

    with pytest.raises(CommandError, match="generate it with use_terraform"):
        call_command("terraform_vars")
