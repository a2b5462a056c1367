"""`register_gateway`: the file wins over a record that nobody touched, and never silently over one that somebody edited."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from pytest_django.fixtures import Settings

from gateway.models import ApiGateway

pytestmark = pytest.mark.django_db


class GatewayFile:
    """A gateway's file that a test may change."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self.set(GATEWAY_FILE=path)
        self.write(api_name="chat", stage_name="production", domain_name="ws.example.com", routes=[])

    def set(self, **websockets: Any) -> None:
        self.settings.WEBSOCKETS = self.settings.WEBSOCKETS | websockets

    def write(self, **content: Any) -> None:
        known = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.path.write_text(json.dumps(known | content))


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> GatewayFile:
    return GatewayFile(tmp_path / "gateway.json", settings)


def test_the_first_time_makes_the_record_and_its_routes(file: GatewayFile) -> None:
    """The events go to this site's own views, unless the file says otherwise."""
    file.write(
        routes=[{"route_key": "greet"}, {"route_key": "log", "endpoint": "https://x.example.com/", "reply": False}]
    )

    call_command("register_gateway", verbosity=0)

    gateway = ApiGateway.objects.get()
    assert gateway.target_base_endpoint == "https://www.example.com/ws/"
    assert list(gateway.additional_routes.values_list("route_key", "endpoint", "reply")) == [
        ("greet", "", True),
        ("log", "https://x.example.com/", False),
    ]


def test_an_untouched_record_follows_the_file(file: GatewayFile) -> None:
    """Also where the file gains a field, and where a route goes."""
    file.write(routes=[{"route_key": "greet"}])
    call_command("register_gateway", verbosity=0)
    file.write(stage_name="blue", dual_stack=True, routes=[{"route_key": "wave"}])

    call_command("register_gateway", verbosity=0)

    gateway = ApiGateway.objects.get()
    assert (gateway.stage_name, gateway.dual_stack) == ("blue", True)
    assert [route.route_key for route in gateway.additional_routes.all()] == ["wave"]


def test_an_edited_record_is_left_alone_and_the_differences_are_listed(file: GatewayFile) -> None:
    """Field by field and route by route; the exit code is 1."""
    call_command("register_gateway", verbosity=0)
    ApiGateway.objects.update(stage_name="blue")
    ApiGateway.objects.get().additional_routes.create(route_key="extra")

    with pytest.raises(CommandError) as caught:
        call_command("register_gateway", verbosity=0)

    assert "stage_name: 'blue' in the database, 'production' in the file" in str(caught.value)
    assert "route extra: only in the database" in str(caught.value)
    assert "--force" in str(caught.value)
    assert caught.value.returncode == 1
    assert ApiGateway.objects.get().stage_name == "blue"


def test_force_lets_the_file_win(file: GatewayFile) -> None:
    """And the record counts as untouched afterwards."""
    call_command("register_gateway", verbosity=0)
    ApiGateway.objects.update(stage_name="blue")

    call_command("register_gateway", force=True, verbosity=0)
    file.write(stage_name="green")
    call_command("register_gateway", verbosity=0)

    assert ApiGateway.objects.get().stage_name == "green"


@pytest.mark.parametrize(
    "edit",
    [
        {"custom_domain": True},
        {"api_id": "a1b2c3", "aws_ids": {"API": {"chat": "a1b2c3"}}},
        {"throttling_rate_limit": 7.0},
        {"disconnect_headers": False},
    ],
)
def test_what_the_file_does_not_hold_is_no_edit(file: GatewayFile, edit: dict[str, Any]) -> None:
    """Ids, the switch of the custom domain and fields the file is silent about stay as they are."""
    call_command("register_gateway", verbosity=0)
    ApiGateway.objects.update(**edit)
    file.write(stage_name="blue")

    call_command("register_gateway", verbosity=0)

    gateway = ApiGateway.objects.get()
    assert gateway.stage_name == "blue"
    assert {name: getattr(gateway, name) for name in edit} == edit


def test_an_edit_that_agrees_with_the_file_is_none(file: GatewayFile) -> None:
    """Somebody changed the record first and then the file."""
    call_command("register_gateway", verbosity=0)
    ApiGateway.objects.update(stage_name="blue")
    file.write(stage_name="blue")

    call_command("register_gateway", verbosity=0)

    assert ApiGateway.objects.get().stage_name == "blue"


def test_the_stage_of_the_environment_wins(file: GatewayFile) -> None:
    """`WEBSOCKET_STAGE` tells staging from production."""
    file.set(STAGE="staging")

    call_command("register_gateway", verbosity=0)

    assert ApiGateway.objects.get().stage_name == "staging"


def test_another_base_url_is_followed(file: GatewayFile) -> None:
    """A laptop today, the site's public address tomorrow: no edit of the record."""
    call_command("register_gateway", verbosity=0)
    file.set(BASE_URL="http://127.0.0.1:8000")

    call_command("register_gateway", verbosity=0)

    assert ApiGateway.objects.get().target_base_endpoint == "http://127.0.0.1:8000/ws/"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", r"gateway\.json is no JSON"),
        ("[]", "names no gateway: it needs an api_name"),
        ('{"api_name": "chat", "stages": 1}', "has a key 'stages' that no gateway has"),
        ('{"api_name": "chat", "stage_name": "no spaces"}', "A stage name has letters"),
        ('{"api_name": "chat", "routes": [{"route_key": "a b"}]}', "A route key has letters"),
        ('{"api_name": "chat", "routes": ["greet"]}', "a route holds route_key, endpoint and reply"),
        ('{"api_name": "chat", "routes": [{"route_key": "a"}, {"route_key": "a"}]}', "has the route 'a' twice"),
        ('{"api_name": "chat", "routes": {}}', "are no list"),
        ('{"api_name": "chat", "routes": [{"route_key": "a", "reply": "perhaps"}]}', "reply of a will not do"),
        ('{"api_name": "chat", "throttling_rate_limit": "fast"}', "throttling_rate_limit of chat will not do"),
        ('{"api_name": "chat", "default_channel_name": "my lobby"}', "default_channel_name of chat will not do"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(file: GatewayFile, content: str, sentence: str) -> None:
    """One sentence, and no record."""
    file.path.write_text(content)

    with pytest.raises(CommandError, match=sentence):
        call_command("register_gateway")

    assert not ApiGateway.objects.exists()


def test_a_missing_file_is_named(file: GatewayFile) -> None:
    """With what to do about it."""
    file.path.unlink()

    with pytest.raises(CommandError, match=r"There is no gateway\.json: restore it"):
        call_command("register_gateway")


def test_terraforms_ids_are_taken_in(file: GatewayFile, tmp_path: Path) -> None:
    """As `terraform output -json` writes them; messages are posted to that API from then on."""
    outputs = {
        "api_id": {"value": "a1b2c3"},
        "api_endpoint": {"value": "wss://a1b2c3.execute-api.eu-central-1.amazonaws.com"},
        "integration_ids": {"value": {"$connect": "i1"}},
    }
    (tmp_path / "outputs.json").write_text(json.dumps(outputs))

    call_command("register_gateway", terraform_outputs=tmp_path / "outputs.json", verbosity=0)

    gateway = ApiGateway.objects.get()
    assert gateway.api_id == "a1b2c3"
    assert gateway.callback_url == "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/production"
    assert gateway.aws_ids["integration"] == {"$connect": "i1"}


@pytest.mark.parametrize("content", ["", "{}", '{"api_id": "a1"}', '{"api_id": {"value": ""}}'])
def test_outputs_that_are_none_are_named(file: GatewayFile, tmp_path: Path, content: str) -> None:
    """With the command that writes them."""
    (tmp_path / "outputs.json").write_text(content)

    with pytest.raises(CommandError, match="terraform"):
        call_command("register_gateway", terraform_outputs=tmp_path / "outputs.json")


def test_a_database_without_tables_is_one_sentence(file: GatewayFile) -> None:
    """It names the command that comes first."""

    def without_tables(*_: Any) -> None:
        raise ProgrammingError('relation "gateway_apigateway" does not exist')

    with (
        connection.execute_wrapper(without_tables),
        pytest.raises(CommandError, match=r"not ready .*Run `manage.py migrate` first"),
    ):
        call_command("register_gateway")
