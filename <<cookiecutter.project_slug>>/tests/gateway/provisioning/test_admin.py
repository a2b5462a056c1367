"""The admin shows a plan, wants it confirmed, and then does what the command does."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from gateway.models import ApiGateway
from tests.gateway.provisioning.conftest import CERTIFICATE, Site

URL = reverse("admin:gateway_apigateway_changelist")


@pytest.fixture
def client() -> Client:
    """A browser; the tests of the engine call a socket by this name."""
    return Client()


@pytest.fixture
def staff(admin_client: Client) -> Client:
    """Somebody who may do everything."""
    return admin_client


def choose(client: Client, action: str, **extra: str) -> HttpResponse:
    return client.post(URL, {"action": action, "_selected_action": str(ApiGateway.objects.get().pk), **extra})


def confirm(client: Client, action: str) -> HttpResponse:
    """Looks at the plan, then carries it out."""
    page = choose(client, action).content.decode()
    found = re.search(r'name="confirmed" value="([0-9a-f]{64})"', page)
    assert found, page
    return choose(client, action, confirmed=found[1])


def said(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_plan_is_shown_and_nothing_done(site: Site, staff: Client) -> None:
    """Choosing an action changes nothing on AWS."""
    page = choose(staff, "apply_plan").content.decode()

    assert "chat_message" in page
    assert site.apis == []


def test_a_confirmed_plan_is_carried_out(site: Site, staff: Client, django_capture_on_commit_callbacks: object) -> None:
    """AWS is called after the transaction, and the record knows the API."""
    with django_capture_on_commit_callbacks(execute=True) as callbacks:  # type: ignore[operator]
        confirm(staff, "create_api")

    assert len(callbacks) == 1
    assert site.gateway.api_id == site.apis[0]["ApiId"]
    assert not site.plan()


def test_a_plan_that_changed_meanwhile_is_shown_again(site: Site, staff: Client) -> None:
    """What is carried out is what was shown, or nothing."""
    response = choose(staff, "apply_plan", confirmed="0" * 64)

    assert "changed since the plan was shown" in response.content.decode()
    assert site.apis == []


def test_the_custom_domain_is_turned_on_only_when_confirmed(
    live: Site, staff: Client, django_capture_on_commit_callbacks: object
) -> None:
    """Looking at the plan leaves the record as it is."""
    live.change(certificate_arn=CERTIFICATE)

    choose(staff, "create_custom_domain")
    before = live.gateway.custom_domain
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        confirm(staff, "create_custom_domain")

    assert (before, live.gateway.custom_domain) == (False, True)
    assert live.client.get_domain_name(DomainName="ws.example.com")


def test_destroy_removes_the_api(live: Site, staff: Client, django_capture_on_commit_callbacks: object) -> None:
    """The record stays and knows of no API any more."""
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        confirm(staff, "destroy_api")

    assert live.apis == []
    assert live.gateway.api_id == ""


def test_the_history_tells_who_applied_what(
    site: Site, staff: Client, django_capture_on_commit_callbacks: object
) -> None:
    """Not for a plan that was only looked at."""
    url = reverse("admin:gateway_apigateway_history", args=[site.gateway.pk])
    choose(staff, "apply_plan")
    looked = staff.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        confirm(staff, "apply_plan")

    applied = staff.get(url).content.decode()
    assert "Apply: make AWS as the record asks" not in looked
    assert "Apply: make AWS as the record asks" in applied
    assert "steps on" in applied


def test_an_error_is_a_message(site: Site, staff: Client) -> None:
    """No page of exceptions: one sentence."""
    site.change(route_selection_expression="")

    response = choose(staff, "apply_plan")

    assert "route selection expression is empty" in said(response)[0]


@pytest.fixture
def editor(db: None) -> Client:
    """Somebody who may edit records."""
    user = get_user_model().objects.create_user("editor", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_apigateway", "change_apigateway"]))
    client = Client()
    client.force_login(user)
    return client


def test_who_may_only_edit_cannot_redirect_messages(site: Site, staff: Client, editor: Client) -> None:
    """Where they are posted takes the permission to change AWS."""
    url = reverse("admin:gateway_apigateway_change", args=[site.gateway.pk])

    assert "callback_url_override" in staff.get(url).context["adminform"].form.fields
    assert "callback_url_override" not in editor.get(url).context["adminform"].form.fields


def test_without_the_permission_there_is_no_action(site: Site, editor: Client) -> None:
    """Somebody who may edit records may not change AWS."""
    choose(editor, "apply_plan", confirmed="0" * 64)
    page = editor.get(URL).content.decode()

    assert site.apis == []
    assert "apply_plan" not in page


def test_a_record_whose_api_exists_is_not_deleted(live: Site, staff: Client) -> None:
    """Nobody would know of the API afterwards."""
    response = staff.post(reverse("admin:gateway_apigateway_delete", args=[live.gateway.pk]), {"post": "yes"})

    assert response.status_code == 403
    assert ApiGateway.objects.exists()


def test_no_page_shows_the_secret(live: Site, staff: Client) -> None:
    """Neither the record nor a plan that changes the secret."""
    live.set(SECRETS=("another-secret-another-secret-1234",))

    form = staff.get(reverse("admin:gateway_apigateway_change", args=[live.gateway.pk])).content.decode()
    plan = choose(staff, "apply_plan").content.decode()

    for text in (form, plan):
        assert "another-secret" not in text
        assert "tests-only-secret" not in text
    assert "X-Gateway-Secret" in plan
