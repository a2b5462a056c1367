"""`manage.py gateway_doctor`: what is wrong, and what mends it."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.provisioning.calls import control_plane
from gateway.provisioning.doctor import diagnose, mend
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.registration import gateway_named

SOMETHING_WRONG = 2


class Command(BaseCommand):
    help = (
        "Compares AWS, the database, config/gateway.json, the settings and Terraform's files, and names what mends each one. "
        "Exit code 0: all is well, 2: something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", nargs="?", default="", help="the gateway's api_name; not needed while there is one only"
        )
        parser.add_argument("--fix", action="store_true", help="mend what commands can mend, then look again")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gateway, plane = gateway_named(options["name"]), control_plane()
            findings = diagnose(gateway, plane)
            if findings and options["fix"]:
                mend(gateway, plane, self.stdout.write)
                findings = diagnose(gateway, plane)
        except ProvisioningError as error:
            raise CommandError(str(error)) from error
        for finding in findings:
            self.stdout.write(str(finding))
        if findings:
            sys.exit(SOMETHING_WRONG)
        self.stdout.write(f"All is well with {gateway.api_name} on {plane.name}.")
