"""`manage.py terraform_vars`: the desired state, for Terraform."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.provisioning.calls import control_plane
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.registration import gateway_named
from gateway.provisioning.terraform import is_stale, variables_file, write_variables

STALE = 2


class Command(BaseCommand):
    help = "Writes terraform/gateway.auto.tfvars.json: what provision_gateway would make, without the shared secret."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", nargs="?", default="", help="the gateway's api_name; not needed while there is one only"
        )
        parser.add_argument(
            "--check", action="store_true", help="write nothing; exit code 2 if the file is not current"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gateway, plane = gateway_named(options["name"]), control_plane()
            if options["check"]:
                self.compare(current=variables_file().exists() and not is_stale(gateway, plane))
                return
            path = write_variables(gateway, plane)
        except ProvisioningError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Written: {path.parent.name}/{path.name}. The secret goes in as TF_VAR_websocket_secret.")

    def compare(self, *, current: bool) -> None:
        if not current:
            raise CommandError("The file is not current: run `manage.py terraform_vars`.", returncode=STALE)
        self.stdout.write("The file is current.")
