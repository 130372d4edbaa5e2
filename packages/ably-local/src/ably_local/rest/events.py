"""What happens on the server, as a stream of Server-Sent Events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..activity import Happening
from ..service import Service
from .fault_json import fault_to_wire


async def events(request: Request) -> Response:
    """Stream what happens until the reader or the server goes away.

    The kinds of events are hello, connection, frame, message, presence, faults, and lost, which
    tells how many events a reader missed that was too slow.
    """
    return StreamingResponse(
        _stream(request.app.state.service),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


async def _stream(service: Service) -> AsyncIterator[str]:
    with service.activity.observe() as observer:
        changed = Happening(
            "faults", lambda: {"faults": [fault_to_wire(fault) for fault in service.policy]}
        )

        def faults_changed() -> None:
            observer.tell(changed)

        service.policy.watch(faults_changed)
        try:
            yield "retry: 1000\n" + _event("hello", {"now": service.clock.now()})
            while (heard := await observer.take()) is not None:
                happenings, missed = heard
                lost = [_event("lost", {"count": missed})] if missed else []
                told = [_event(happening.kind, happening.describe()) for happening in happenings]
                yield "".join(lost + told)
        finally:
            service.policy.unwatch(faults_changed)


def _event(kind: str, data: Mapping[str, object]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


routes: list[Route] = [Route("/control/events", events, methods=["GET"])]
