"""`provision_gateway` as people and scripts use it."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from gateway import wire
from gateway.models import ApiGateway
from tests.gateway.provisioning.conftest import Site


def run(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("provision_gateway", *arguments, stdout=out, **options)
    return out.getvalue()


def test_a_plan_says_what_and_why_and_changes_nothing(site: Site) -> None:
    """Exit code 2: there is something to do."""
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("provision_gateway", plan=True, stdout=out)

    assert ended.value.code == 2
    assert "create  route chat_message (missing)" in out.getvalue()
    assert site.apis == []


def test_the_plan_of_an_applied_gateway_is_empty(live: Site) -> None:
    """Exit code 0, in words and as JSON."""
    assert "Nothing to do" in run(plan=True)
    assert json.loads(run(plan=True, json=True)) == {"steps": [], "notices": []}


def test_a_plan_as_json_names_every_field(live: Site) -> None:
    """For scripts that decide by it."""
    live.change(throttling_rate_limit=7)
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("provision_gateway", plan=True, json=True, stdout=out)

    assert json.loads(out.getvalue())["steps"] == [
        {
            "action": "change",
            "kind": "stage",
            "key": "production",
            "reason": "differs: ThrottlingRateLimit",
            "fields": [{"field": "DefaultRouteSettings.ThrottlingRateLimit", "current": 10_000.0, "wanted": 7.0}],
        }
    ]


def test_a_plan_never_shows_the_secret(live: Site) -> None:
    """Neither the old one nor the new one."""
    old = live.settings.WEBSOCKETS["SECRETS"][0]
    live.set(SECRETS=("another-secret-another-secret-1234",))
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("provision_gateway", plan=True, stdout=out)

    assert "X-Gateway-Secret: '(hidden)' -> '(hidden)'" in out.getvalue()
    assert old not in out.getvalue()
    assert "another-secret" not in out.getvalue()


def test_one_line_for_each_step(site: Site) -> None:
    """Numbered, so that one sees how far it is."""
    lines = run().splitlines()

    assert lines[0] == "[1/18] create  API tests (missing)"
    assert lines[-1].startswith("tests is as wanted: ws://127.0.0.1:")


def test_every_mapped_header_is_on_every_route(live: Site) -> None:
    """With the secret; an unmapped one could be sent by a client."""
    integrations = live.client.get_integrations(ApiId=live.gateway.api_id)["Items"]
    required = {"integration.request.header." + name for name in wire.REQUIRED_HEADERS}

    assert len(integrations) == 6
    assert all(required <= set(integration["RequestParameters"]) for integration in integrations)


def test_messages_have_a_content_type_and_only_they(live: Site) -> None:
    """API Gateway sends none of its own for messages."""
    integrations = live.client.get_integrations(ApiId=live.gateway.api_id)["Items"]
    typed = {
        integration["IntegrationUri"].rsplit("/", 1)[-1]
        for integration in integrations
        if "integration.request.header.Content-Type" in integration["RequestParameters"]
    }

    assert typed == {"default", "chat_message", "fetch_history", "one_way"}


def test_both_throttle_numbers_are_always_sent(live: Site) -> None:
    """AWS stores 0 for the one that is not, and then nobody can connect."""
    live.change(throttling_burst_limit=9)
    live.apply()

    settings = live.client.get_stage(ApiId=live.gateway.api_id, StageName="production")["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (10_000.0, 9)


def test_a_route_may_have_an_endpoint_of_its_own(live: Site) -> None:
    """Its events go there, those of the others do not."""
    live.gateway.additional_routes.filter(route_key="one_way").update(endpoint="https://x.example.com/in/")
    live.apply()

    ids = live.gateway.aws_ids["integration"]
    uri = live.client.get_integration(ApiId=live.gateway.api_id, IntegrationId=ids["one_way"])["IntegrationUri"]
    assert uri == "https://x.example.com/in/"


def test_destroy_asks_for_the_name(live: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything else means no."""
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))

    with pytest.raises(CommandError, match="Nothing was removed"):
        run(destroy=True)

    assert len(live.apis) == 1


def test_destroy_goes_on_when_the_name_is_given(live: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says where nothing is left."""
    monkeypatch.setattr("sys.stdin", io.StringIO("tests\n"))

    out = run(destroy=True)

    assert "Nothing is left of tests" in out
    assert live.apis == []


def test_destroy_without_asking_can_be_repeated(live: Site) -> None:
    """The second time there is nothing to do."""
    run(destroy=True, no_input=True)
    run(destroy=True, no_input=True)

    assert live.apis == []


def test_several_gateways_are_named(live: Site) -> None:
    """With several a name is needed, and each has an API of its own."""
    ApiGateway.objects.create(api_name="second", target_base_endpoint="https://www.example.com/ws/")

    with pytest.raises(CommandError, match="There are several gateways: name one of second, tests"):
        run()
    run("second", verbosity=0)

    assert sorted(api["Name"] for api in live.apis) == ["second", "tests"]


def test_without_a_gateway_the_command_to_run_is_named(site: Site) -> None:
    """One sentence."""
    ApiGateway.objects.all().delete()

    with pytest.raises(CommandError, match="register_gateway"):
        run()


def test_an_unknown_name_is_named(site: Site) -> None:
    """Together with those there are."""
    with pytest.raises(CommandError, match="There is no gateway named 'x': name one of tests"):
        run("x")
