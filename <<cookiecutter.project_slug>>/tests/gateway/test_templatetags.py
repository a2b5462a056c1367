"""The template tag that tells the browser client where to go."""

from django.template import Context, Template


def rendered(channel):
    return Template("{% load gateway_client %}<main {% gateway_client channel %}>").render(
        Context({"channel": channel})
    )


def test_the_tag_writes_what_the_client_reads():
    """Both endpoints, the name of the CSRF cookie and the channel, as attributes."""
    assert rendered("lobby") == (
        '<main data-token-url="/api/ws-token/" data-check-url="/api/ws-check/" data-csrf-cookie="csrftoken" data-channel="lobby">'
    )


def test_the_name_of_the_cookie_is_the_one_in_force(settings):
    """A project may have renamed it."""
    settings.CSRF_COOKIE_NAME = "__Host-csrftoken"

    assert 'data-csrf-cookie="__Host-csrftoken"' in rendered("lobby")


def test_a_channel_cannot_break_out_of_its_attribute():
    """It may come from the address bar."""
    assert 'data-channel="&quot;&gt;&lt;script&gt;"' in rendered('"><script>')
