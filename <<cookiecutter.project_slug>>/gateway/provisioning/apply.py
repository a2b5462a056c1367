"""Making AWS as wanted: read, plan, take the steps one after the other, until there is nothing left to do."""

from collections.abc import Callable
from typing import Final

from gateway.conf import conf
from gateway.models import ApiGateway
from gateway.provisioning.actual import read_api
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.desired import desired_state
from gateway.provisioning.domain_steps import DOMAIN_STEPS
from gateway.provisioning.domains import read_domain, wanted_domain
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.locks import provisioning_lock
from gateway.provisioning.logs import LOG_STEPS, read_logs, require_log_role, wanted_logs
from gateway.provisioning.plan import Plan
from gateway.provisioning.planner import make_plan
from gateway.provisioning.records import Records
from gateway.provisioning.refusals import refuse_impossible
from gateway.provisioning.state import Kind, State
from gateway.provisioning.steps import STEPS, DisconnectHeadersRefused, Run

PASSES: Final = 3
"""The first pass does the work, the second proves it. A third is only needed when AWS refuses a mapping on the way."""

ALL_STEPS: Final = {**STEPS, **DOMAIN_STEPS, **LOG_STEPS}

Say = Callable[[str], None]


def wanted_state(gateway: ApiGateway, plane: ControlPlane) -> State:
    """The desired state by the settings in force. Raises `ProvisioningError` for what AWS would refuse or could not reach."""
    routes = list(gateway.additional_routes.all())
    secrets = conf().SECRETS
    refuse_impossible(gateway, routes, secrets=secrets, is_aws=plane.is_aws)
    around = [*wanted_domain(gateway, plane), *wanted_logs(gateway, plane)]
    return desired_state(gateway, routes, secret=secrets[0], around=around)


def actual_state(gateway: ApiGateway, plane: ControlPlane) -> State:
    """Everything there is for this gateway."""
    state = read_api(gateway, plane)
    api = state.only(Kind.API)
    return state | read_domain(gateway, plane, api.id if api else "") | read_logs(gateway, plane)


def plan_for(gateway: ApiGateway, plane: ControlPlane) -> Plan:
    """What an apply would do now. Only reads. Raises `ProvisioningError` if something stands in the way."""
    wanted = wanted_state(gateway, plane)
    actual = actual_state(gateway, plane)
    if actual.problems:
        raise ProvisioningError(actual.problems[0])
    return make_plan(wanted, actual)


def plan_to_destroy(gateway: ApiGateway, plane: ControlPlane) -> Plan:
    """What a destroy would do now. Only reads."""
    return make_plan(State(), actual_state(gateway, plane))


def apply(gateway: ApiGateway, plane: ControlPlane, say: Say) -> Plan:
    """Makes AWS as wanted and returns what is left to do: an empty plan, unless AWS keeps something otherwise than asked.

    Killed at any point, the next run goes on. Raises `ProvisioningError`, `WaitingError` and `BusyError`.
    """
    return _run(gateway, plane, say, plan_for)


def destroy(gateway: ApiGateway, plane: ControlPlane, say: Say) -> Plan:
    """Removes everything that was made for this gateway, and forgets its ids. The record stays."""
    return _run(gateway, plane, say, plan_to_destroy)


def _run(
    gateway: ApiGateway, plane: ControlPlane, say: Say, planner: Callable[[ApiGateway, ControlPlane], Plan]
) -> Plan:
    with provisioning_lock(gateway):
        gateway.refresh_from_db()
        told: set[str] = set()
        for _ in range(PASSES):
            plan = planner(gateway, plane)
            for notice in set(plan.notices) - told:
                say(f"Note: {notice}")
            told |= set(plan.notices)
            records = Records(gateway, plane)
            records.adopt(plan.actual)
            if not plan:
                return plan
            if _turns_logs_on(plan):
                require_log_role(plane)
            _take_steps(plan, Run(plane, records, plan.actual, say))
        return planner(gateway, plane)


def _turns_logs_on(plan: Plan) -> bool:
    stages = [step.wanted for step in plan.steps if step.kind is Kind.STAGE and step.wanted]
    return any(stage.properties["AccessLogSettings"] for stage in stages)


def _take_steps(plan: Plan, run: Run) -> None:
    for number, step in enumerate(plan.steps, start=1):
        run.say(f"[{number}/{len(plan.steps)}] {step}")
        try:
            ALL_STEPS[step.action, step.kind](run, step)
        except DisconnectHeadersRefused:
            gateway = run.records.gateway
            gateway.disconnect_headers = False
            gateway.save(update_fields=["disconnect_headers", "updated_on"])
            run.say("Note: AWS refuses to map the close code and reason; going on without these two headers.")
            return
