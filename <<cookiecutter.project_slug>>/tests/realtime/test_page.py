"""The demo page, as a browser gets it."""

import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.test import Client

from gateway.routing import handler
from gateway.views import WebSocketView
from realtime import page

LIMIT = 60_000


class Elements(HTMLParser):
    """All elements of a page, with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def by_id(self, name):
        return next(attributes for _, attributes in self.found if attributes.get("id") == name)


def get(client, path="/"):
    response = client.get(path, secure=True)
    assert response.status_code == 200
    return response.text


@pytest.fixture
def browser(db):
    client = Client()
    client.force_login(get_user_model().objects.create_user("alice"))
    return client


def use_routes(monkeypatch, *names):
    """The view as it would be with these routes."""
    methods = {}
    for name in names:
        method = lambda self, request: None  # noqa: E731
        method.__name__ = name
        methods[name] = handler(method)
    monkeypatch.setattr(page, "RealtimeView", type("OtherView", (WebSocketView,), methods))


def test_a_visitor_is_told_what_this_is_and_can_sign_in(client, db):
    """The form posts to Django's own login view and leads back here."""
    elements = Elements(get(client, "/?channel=garden"))

    form = next(attributes for tag, attributes in elements.found if tag == "form")
    following = next(attributes for _, attributes in elements.found if attributes.get("name") == "next")
    assert (form["action"], form["method"]) == ("/accounts/login/", "post")
    assert following["value"] == "/?channel=garden"


def test_demo_accounts_are_named_while_debugging(client, db, settings):
    """With the address under which one can be the other."""
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["127.0.0.1"]

    html = client.get("/", secure=True, headers={"host": "127.0.0.1:8000"}).text

    assert "demo-password" in html
    assert "https://localhost:8000/" in html


def test_the_inspector_is_linked_while_debugging_against_the_emulator(browser, settings):
    """On AWS there is none, and visitors of a real site learn nothing of it."""
    settings.ALLOWED_HOSTS = ["testserver"]
    link = 'href="http://127.0.0.1:8001/_emulator/"'

    shown = {}
    for debug, endpoint in [(True, "http://127.0.0.1:8001"), (True, ""), (False, "http://127.0.0.1:8001")]:
        settings.DEBUG = debug
        settings.WEBSOCKETS = settings.WEBSOCKETS | {"APIGATEWAYV2_ENDPOINT": endpoint}
        shown[debug, endpoint] = link in get(browser)

    assert [where for where, is_shown in shown.items() if is_shown] == [(True, "http://127.0.0.1:8001")]


def test_demo_accounts_are_not_named_in_production(client, browser, settings):
    """Nor to those who are signed in."""
    settings.DEBUG = False
    settings.SECURE_SSL_REDIRECT = False

    assert "demo-password" not in get(client) + get(browser)


def test_the_page_tells_the_client_where_to_go(browser):
    """The template tag writes what `GatewayClient.fromElement` reads."""
    chat = Elements(get(browser, "/?channel=garden")).by_id("chat")

    assert chat["data-token-url"] == "/api/ws-token/"
    assert chat["data-check-url"] == "/api/ws-check/"
    assert chat["data-csrf-cookie"] == "csrftoken"
    assert chat["data-channel"] == "garden"
    assert chat["data-user"] == "alice"


def test_the_csrf_cookie_is_set(browser):
    """The client sends it back with every token request."""
    get(browser)

    assert "csrftoken" in browser.cookies


@pytest.mark.parametrize(
    ("routes", "action", "has_history"),
    [
        (["chat_message", "fetch_history"], "chat_message", True),
        (["chat_message"], "chat_message", False),
        (["fetch_history"], "", True),
        ([], "", False),
        ([f"route_{number}" for number in range(20)], "", False),
    ],
)
def test_the_page_learns_from_the_class_which_routes_there_are(browser, monkeypatch, routes, action, has_history):
    """It sends by `chat_message` if that exists, else by `default`, and asks for history only where there is one."""
    use_routes(monkeypatch, *routes)

    html = get(browser)

    chat = Elements(html).by_id("chat")
    assert chat["data-send-action"] == action
    assert ("data-has-history" in chat) is has_history
    assert all(f"<code>{route}</code>" in html for route in ["default", *routes])


def test_a_channel_name_cannot_break_out(browser):
    """It is text wherever it appears."""
    html = get(browser, "/?channel=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")

    assert "<script>alert" not in html
    assert Elements(html).by_id("chat")["data-channel"] == '"><script>alert(1)</script>'


@pytest.mark.parametrize("who", ["client", "browser"])
def test_the_strictest_policy_for_content_would_do(request, db, who):
    """No inline script or style, no handler in an attribute, nothing from elsewhere."""
    elements = Elements(get(request.getfixturevalue(who))).found

    assert not [tag for tag, attributes in elements if tag == "script" and "src" not in attributes]
    assert not [tag for tag, _ in elements if tag == "style"]
    assert not [name for _, attributes in elements for name in attributes if name == "style" or name.startswith("on")]
    assert not [
        value
        for tag, attributes in elements
        for name, value in attributes.items()
        if tag != "a" and name in {"src", "href", "action"} and "//" in value
    ]


def test_the_page_weighs_less_than_60_kb(browser):
    """All of it, uncompressed: the page, its styles, its scripts and what these import."""
    html = get(browser)
    addresses = {
        value for _, attributes in Elements(html).found for name, value in attributes.items() if name in {"src", "href"}
    }
    paths = {address.removeprefix("/static/") for address in addresses if address.startswith("/static/")}

    weight = len(html.encode()) + sum(len(content) for content in with_imports(paths).values())

    assert weight < LIMIT


def with_imports(paths):
    """The content of static files, and of the modules that they import."""
    contents = {}
    waiting = sorted(paths)
    while waiting:
        path = waiting.pop()
        if path in contents:
            continue
        with open(finders.find(path), "rb") as file:
            contents[path] = file.read()
        folder = path.rpartition("/")[0]
        for imported in re.findall(rb'from "(\.\.?/[^"]+)"', contents[path]):
            above = folder.rpartition("/")[0] if imported.startswith(b"../") else folder
            waiting.append(f"{above}/{imported.decode().removeprefix('../').removeprefix('./')}".lstrip("/"))
    return contents


def test_the_sign_in_page_says_what_was_wrong(client, db):
    """And keeps the name that was typed."""
    response = client.post("/accounts/login/", {"username": "nobody", "password": "wrong"}, secure=True)

    assert 'role="alert"' in response.text
    assert Elements(response.text).by_id("id_username")["value"] == "nobody"


def test_signing_out_is_a_post(browser):
    """A link could sign people out from another site."""
    assert Elements(get(browser)).by_id("sign-out")["method"] == "post"
    assert browser.get("/accounts/logout/", secure=True).status_code == 405


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_leads_nowhere_else(db, target):
    """A link that asks for a password and leads to another site would be a gift to whoever sends it."""
    get_user_model().objects.create_user("alice", password="x")
    answer = Client().post(
        "/accounts/login/",
        {"username": "alice", "password": "x", "next": target},
        secure=True,
        headers={"Host": "testserver"},
    )

    assert (answer.status_code, answer["Location"]) == (302, "/")
