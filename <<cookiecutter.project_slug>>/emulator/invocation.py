"""One event's way to the backend and back: build the call, make it, count it, write it down. The same for all three kinds."""

from typing import NamedTuple

from emulator import metrics
from emulator.access_log import Outcome
from emulator.backend_request import BackendRequest, Event, build
from emulator.integration import Answer, IntegrationCallError
from emulator.parameters import RefusedTargetError
from emulator.plane import DataPlane
from emulator.snapshot import Integration, LiveStage, Route


class Invocation(NamedTuple):
    """What came of it: an answer or a failure, never both."""

    answer: Answer | None
    failure: IntegrationCallError | None

    def outcome(self) -> Outcome:
        """For the access log. A failure has the status that AWS gives it."""
        if self.answer is not None:
            status, latency = self.answer.status, self.answer.latency_ms
            return Outcome(status=status, integration_status=status, integration_latency_ms=latency)
        if self.failure is None:
            return Outcome(status=200)
        return Outcome(status=self.failure.status, error=self.failure.message, integration_error=str(self.failure))


async def invoke(plane: DataPlane, stage: LiveStage, route: Route, event: Event) -> Invocation:
    """Call the route's integration."""
    integration = route.integration
    if integration is None:
        return _failed(plane, stage, IntegrationCallError("the route has no integration", status=500))
    began_at = plane.clock.now()
    try:
        request = build(integration, stage, event, plane.switches, declared=route.request_parameters)
        answer = await plane.backend.call(
            request, timeout_ms=integration.timeout_ms, delay=_delay(plane, integration, event)
        )
    except RefusedTargetError as error:
        return _failed(plane, stage, IntegrationCallError(str(error), status=500))
    except IntegrationCallError as failure:
        _note(plane, event, request, result=str(failure), latency_ms=_milliseconds(plane.clock.now() - began_at))
        return _failed(plane, stage, failure)
    _note_answer(plane, event, request, answer)
    _count(plane, stage, answer)
    return Invocation(answer, None)


def _delay(plane: DataPlane, integration: Integration, event: Event) -> float:
    """Seconds before the call starts; they count in its timeout."""
    if plane.strikes("hang-integration", event.context["connectionId"] or ""):
        return integration.timeout_ms / 1000 + 1.0
    return plane.latency + (plane.faults.value("slow-integration") or 0.0)


def _failed(plane: DataPlane, stage: LiveStage, failure: IntegrationCallError) -> Invocation:
    plane.metrics.count(stage.api_id, stage.stage_name, metrics.EXECUTION_ERROR)
    return Invocation(None, failure)


def _count(plane: DataPlane, stage: LiveStage, answer: Answer) -> None:
    figures = plane.metrics.of(stage.api_id, stage.stage_name)
    figures.latency.add(answer.latency_ms)
    if answer.status >= 400:
        figures.counts[metrics.INTEGRATION_ERROR] += 1


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _note_answer(plane: DataPlane, event: Event, request: BackendRequest, answer: Answer) -> None:
    _note(
        plane,
        event,
        request,
        result=answer.status,
        latency_ms=round(answer.latency_ms, 1),
        answer=plane.journal.shown(answer.body.decode("utf-8", "replace")),
        answer_size=len(answer.body),
    )


def _note(plane: DataPlane, event: Event, request: BackendRequest, **outcome: object) -> None:
    plane.journal.note(
        "integration",
        connection_id=event.context["connectionId"],
        api_id=event.context["apiId"],
        stage=event.context["stage"],
        request_id=event.context["requestId"],
        event=event.context["eventType"],
        route_key=event.context["routeKey"],
        method=request.method,
        url=plane.journal.masker.url(request.url),
        headers=plane.journal.masker.headers(request.headers),
        mapped=request.mapped,
        **outcome,
    )
