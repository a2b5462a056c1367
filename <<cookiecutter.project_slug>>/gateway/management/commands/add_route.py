"""`manage.py add_route NAME`: a handler, its test, the gateway's file and the record, in one go."""

import inspect
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import Resolver404, resolve

from gateway import wire
from gateway.conf import conf
from gateway.management import new_route
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.registration import read_file, register


class Command(BaseCommand):
    help = "Adds a route: a handler in the view, a test, an entry in config/gateway.json and the record."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the route key, which is the handler's name too: fetch_profile")

    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["name"]
        view = view_of_sockets()
        source = Path(inspect.getfile(view))
        test = Path(settings.BASE_DIR) / "tests" / source.parent.name / f"test_{name}.py"
        try:
            edits = self.edits(name, view, source, test)
            for path, text in edits.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            register()
        except ProvisioningError as error:
            raise CommandError(str(error)) from error
        for path in edits:
            self.stdout.write(f"Written: {path.relative_to(settings.BASE_DIR)}")
        self.stdout.write("Next: manage.py provision_gateway makes the route live.")

    def edits(self, name: str, view: type, source: Path, test: Path) -> dict[Path, str]:
        """What to write where; nothing is written before all of it is known to be possible."""
        reason = new_route.why_not(name, view)
        if reason:
            raise CommandError(f"{name!r} {reason}.")
        file = conf().GATEWAY_FILE
        _, routes = read_file(file)
        if any(route["route_key"] == name for route in routes):
            raise CommandError(f"{name!r} is a route in {file.name} already: take another name.")
        if test.exists():
            raise CommandError(f"{test.name} exists already: move it away, or take another name than {name!r}.")
        register()
        return {
            source: new_route.with_handler(source.read_text(encoding="utf-8"), view.__name__, name),
            test: new_route.test_of(name),
            file: new_route.with_route(file.read_text(encoding="utf-8"), name),
        }


def view_of_sockets() -> type:
    """The view that the URLconf has for WebSocket events."""
    path = conf().PATH + wire.slug_of(wire.DEFAULT_ROUTE_KEY)
    try:
        view = getattr(resolve(path).func, "view_class", None)
    except Resolver404:
        view = None
    if not isinstance(view, type):
        raise CommandError(f"No WebSocket view is at {path}: put it into the URLconf first.")
    return view
