"""A run that is killed after any call to AWS is finished by the next one, and nothing is made twice."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count

import pytest

from emulator.control import ControlFault, FaultKind
from gateway.models import ApiGateway
from gateway.provisioning.apply import destroy
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.registration import register
from tests.gateway.provisioning.conftest import CERTIFICATE, Killed, Site, killing_after


def prepare_create(site: Site) -> None:
    """Nothing is there yet."""


def prepare_change(site: Site) -> None:
    """A route comes, one goes, one is turned round, and the stage and the domain change."""
    assert not site.apply()
    routes = site.gateway.additional_routes
    routes.filter(route_key="fetch_history").delete()
    routes.filter(route_key="chat_message").update(reply=False)
    routes.create(route_key="later")
    site.change(
        throttling_rate_limit=7,
        stage_name="blue",
        custom_domain=True,
        certificate_arn=CERTIFICATE,
        api_mapping_key="v2",
    )


def prepare_rotate(site: Site) -> None:
    """Another secret is the first one now."""
    assert not site.apply()
    site.set(SECRETS=("another-secret-another-secret-1234", *site.settings.WEBSOCKETS["SECRETS"]))


def begin_again(site: Site, websockets: dict[str, object]) -> None:
    """AWS and the database as they were at first, with two additional routes."""
    site.settings.WEBSOCKETS = dict(websockets)
    site.server.store.state.apis.clear()
    site.server.store.state.domains.clear()
    ApiGateway.objects.all().delete()
    register()
    site.gateway.additional_routes.filter(route_key="one_way").delete()


@pytest.mark.parametrize("prepare", [prepare_create, prepare_change, prepare_rotate])
def test_an_apply_killed_after_any_call_is_finished_by_the_next(site: Site, prepare: Callable[[Site], None]) -> None:
    """The next run ends with an empty plan and exactly one API, wherever the first one died."""
    original = dict(site.settings.WEBSOCKETS)
    for calls in count(1):
        begin_again(site, original)
        prepare(site)
        try:
            site.apply(client=killing_after(calls))
        except Killed:
            pass
        else:
            break

        left = site.apply()

        assert not left, f"killed after call {calls}"
        assert not site.plan(), f"killed after call {calls}"
        assert [api["ApiId"] for api in site.apis] == [site.gateway.api_id], f"killed after call {calls}"
    assert calls > 20


def test_a_destroy_killed_after_any_call_is_finished_by_the_next(site: Site) -> None:
    """Nothing is left in the end, neither on AWS nor of it in the database."""
    original = dict(site.settings.WEBSOCKETS)
    for calls in count(1):
        begin_again(site, original)
        prepare_change(site)
        assert not site.apply()
        try:
            destroy(site.gateway, site.plane(client=killing_after(calls)), site.said.append)
        except Killed:
            pass
        else:
            break

        destroy(site.gateway, site.plane(), site.said.append)

        assert (site.apis, site.client.get_domain_names()["Items"]) == ([], []), f"killed after call {calls}"
        assert (site.gateway.api_id, site.gateway.aws_ids) == ("", {}), f"killed after call {calls}"
    assert calls > 10


CREATING = ("CreateApi", "CreateIntegration", "CreateRoute", "CreateRouteResponse", "CreateDeployment", "CreateStage")
CHANGING = ("CreateDomainName", "CreateApiMapping", "UpdateRoute", "DeleteRoute", "DeleteIntegration", "DeleteStage")


@pytest.mark.parametrize(
    ("prepare", "operation"),
    [(prepare_create, name) for name in CREATING] + [(prepare_change, name) for name in CHANGING],
)
def test_a_lost_answer_makes_nothing_twice(site: Site, prepare: Callable[[Site], None], operation: str) -> None:
    """The call takes effect, its answer never arrives, and botocore repeats it of its own accord."""
    prepare(site)
    site.server.faults.add(ControlFault(kind=FaultKind.DROP, times=1, after=True, operations=[operation]))
    with suppress(ProvisioningError):
        site.apply()
    left = site.apply()

    assert not left
    assert not site.plan()
    assert [api["ApiId"] for api in site.apis] == [site.gateway.api_id]
