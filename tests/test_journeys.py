"""Whole stories, in a project as the default answers give it, with real sockets and a real browser."""

from tests.rendering import Renderer
from tests.test_generated import PYTEST, python


def test_the_journeys_of_a_generated_project(render: Renderer) -> None:
    """Screenshots are kept where SCREENSHOTS says."""
    python(render(), *PYTEST, "tests/journeys")
