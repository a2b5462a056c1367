"""`manage.py create_custom_domain`: the socket on its own domain."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.registration import gateway_named


class Command(BaseCommand):
    help = (
        "Turns the custom domain on in the gateway's record, then does what provision_gateway does. Without certificate_arn a "
        "certificate is requested and the DNS record that proves the domain is shown; run it again once the record is made."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", nargs="?", default="", help="the gateway's api_name; not needed while there is one only"
        )
        parser.add_argument("--certificate-arn", default="", help="an issued certificate in the gateway's region")
        parser.add_argument("--hosted-zone-id", default="", help="the Route 53 zone in which the DNS records are made")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gateway = gateway_named(options["name"])
        except ProvisioningError as error:
            raise CommandError(str(error)) from error
        if not gateway.domain_name:
            raise CommandError(
                f"The gateway {gateway.api_name!r} has no domain_name: set it in config/gateway.json and run "
                "`manage.py register_gateway`, or set it in the admin."
            )
        gateway.custom_domain = True
        gateway.certificate_arn = options["certificate_arn"] or gateway.certificate_arn
        gateway.hosted_zone_id = options["hosted_zone_id"] or gateway.hosted_zone_id
        gateway.save(update_fields=["custom_domain", "certificate_arn", "hosted_zone_id", "updated_on"])
        call_command("provision_gateway", gateway.api_name, verbosity=options["verbosity"], stdout=self.stdout)
