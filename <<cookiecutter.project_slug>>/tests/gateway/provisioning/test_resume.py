"""A run that is killed after any call to AWS is finished by the next one, and nothing is made twice."""

from collections.abc import Callable
from itertools import count

import pytest

from gateway.models import ApiGateway
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


def forget_everything(site: Site) -> None:
    """Between two attempts: AWS and the database as they were at first."""
    site.server.store.state.apis.clear()
    site.server.store.state.domains.clear()
    ApiGateway.objects.all().delete()


@pytest.mark.parametrize("prepare", [prepare_create, prepare_change, prepare_rotate])
def test_an_apply_killed_after_any_call_is_finished_by_the_next(site: Site, prepare: Callable[[Site], None]) -> None:
    """The next run ends with an empty plan and exactly one API, wherever the first one died."""
    original = dict(site.settings.WEBSOCKETS)
    from gateway.provisioning.registration import register

    for calls in count(1):
        site.settings.WEBSOCKETS = original
        forget_everything(site)
        register()
        site.gateway.additional_routes.filter(route_key="one_way").delete()
        prepare(site)
        try:
            site.apply(client=killing_after(calls))
        except Killed:
            pass
        else:
            break

        assert not site.apply(), f"killed after call {calls}"
        assert not site.plan(), f"killed after call {calls}"
        assert len(site.apis) == 1, f"killed after call {calls}"
        assert site.gateway.api_id == site.apis[0]["ApiId"]
    assert calls > 20
