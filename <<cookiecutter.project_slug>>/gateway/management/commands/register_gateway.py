"""`manage.py register_gateway`: the records, as `config/gateway.json` asks for them."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from gateway.provisioning.calls import control_plane
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.registration import register
from gateway.provisioning.terraform import take_outputs


class Command(BaseCommand):
    help = (
        "Makes or updates the records of the gateway in config/gateway.json. A record that was edited since is left alone: the "
        "differences are listed, and --force lets the file win."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="let the file win over what was edited in the admin")
        parser.add_argument(
            "--terraform-outputs",
            type=Path,
            metavar="FILE",
            help="take in the ids of what `terraform output -json` wrote",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            registration = register(force=options["force"])
            if options["terraform_outputs"]:
                take_outputs(registration.gateway, control_plane(), options["terraform_outputs"])
        except ProvisioningError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database is not ready ({error}). Run `manage.py migrate` first.") from error
        if options["verbosity"]:
            gateway = registration.gateway
            for difference in registration.differences:
                self.stdout.write(f"Overwritten: {difference}")
            done = "Registered" if registration.created else "Up to date:"
            routes = gateway.additional_routes.count()
            self.stdout.write(
                f"{done} {gateway.api_name} (stage {gateway.stage_name}, {routes} additional route{'s' * (routes != 1)})"
            )
