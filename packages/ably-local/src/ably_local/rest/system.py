"""The server itself: its time, its health, and the statistics of an app."""

from __future__ import annotations

from starlette.routing import Route

from ..errors import Code, refusal
from ..paging import Query
from .call import Answer, Call, endpoint


async def time(call: Call) -> Answer:
    """Return the server's time in milliseconds since the epoch (RSC16)."""
    return Answer([call.service.clock.now()])


async def health(_call: Call) -> Answer:
    """Confirm that the server answers."""
    return Answer({"status": "ok"})


async def stats(call: Call) -> Answer:
    """Return statistics of the app (RSC6)."""
    if not call.grant.capability.allows_somewhere("stats"):
        raise refusal(Code.CAPABILITY_DENIED, "the capability does not permit stats", status=401)
    paging = {name: call.params[name] for name in call.params if name not in ("start", "end")}
    page = call.app.stats.page(Query.parse(paging), call.params)
    return call.page(page, page.items, also=("start", "end"))


routes: list[Route] = [
    Route("/time", endpoint(time), methods=["GET"]),
    Route("/health", endpoint(health), methods=["GET"]),
    Route("/stats", endpoint(stats), methods=["GET"]),
]
