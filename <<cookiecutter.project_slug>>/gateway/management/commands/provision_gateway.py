"""`manage.py provision_gateway`: plan, apply and destroy."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.models import ApiGateway
from gateway.provisioning import apply as provisioning
from gateway.provisioning.calls import ControlPlane, control_plane
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.plan import Plan
from gateway.provisioning.registration import gateway_named

SOMETHING_TO_DO = 2


class Command(BaseCommand):
    help = (
        "Makes AWS as the gateway's record asks for it, in steps that can be interrupted and run again. "
        "With --plan nothing is changed: exit code 0 means nothing to do, 2 means something."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name", nargs="?", default="", help="the gateway's api_name; not needed while there is one only"
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--plan", action="store_true", help="show what would be done, and do nothing")
        what.add_argument("--destroy", action="store_true", help="remove everything that was made for the gateway")
        parser.add_argument("--no-input", action="store_true", help="with --destroy: do not ask")
        parser.add_argument("--json", action="store_true", help="the plan as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json: bool = options["json"]
        self.quiet: bool = options["json"] or not options["verbosity"]
        try:
            gateway, plane = gateway_named(options["name"]), control_plane()
            if options["plan"]:
                self.show_plan(provisioning.plan_for(gateway, plane))
            elif options["destroy"]:
                self.destroy(gateway, plane, ask=not options["no_input"])
            else:
                self.apply(gateway, plane)
        except ProvisioningError as error:
            raise CommandError(str(error)) from error

    def show_plan(self, plan: Plan) -> None:
        self.write_plan(plan)
        if plan:
            sys.exit(SOMETHING_TO_DO)

    def write_plan(self, plan: Plan) -> None:
        if self.as_json:
            self.stdout.write(json.dumps(plan.as_json(), indent=2))
            return
        for notice in plan.notices:
            self.stdout.write(f"Note: {notice}")
        for line in plan.lines():
            self.stdout.write(line)

    def apply(self, gateway: ApiGateway, plane: ControlPlane) -> None:
        left = provisioning.apply(gateway, plane, self.say)
        if left or self.as_json:
            self.write_plan(left)
        if left:
            raise CommandError("AWS keeps the fields above otherwise than asked: see manage.py gateway_doctor.")
        self.say(f"{gateway.api_name} is as wanted: {gateway.socket_url}")

    def destroy(self, gateway: ApiGateway, plane: ControlPlane, *, ask: bool) -> None:
        plan = provisioning.plan_to_destroy(gateway, plane)
        if ask:
            self.write_plan(plan)
        if plan and ask and not self.confirmed(gateway):
            raise CommandError("Nothing was removed.")
        provisioning.destroy(gateway, plane, self.say)
        self.say(f"Nothing is left of {gateway.api_name} on {plane.name}.")

    def confirmed(self, gateway: ApiGateway) -> bool:
        self.stdout.write(f"Every socket of {gateway.api_name} will close. Type its name to go on: ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip() == gateway.api_name

    def say(self, line: str) -> None:
        if not self.quiet:
            self.stdout.write(line)
            self.stdout.flush()
