"""REST answers that come a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from rich.progress import Progress

from .._rest.requests import ably_errors
from ..client import AblyRealtime
from ..errors import AblyError

_VERSION = "6"


async def request(
    client: AblyRealtime, method: str, path: str, params: Mapping[str, str] | None = None
) -> Any:
    """The first page of a REST answer; raises `AblyError` for a refusal."""
    answer = await client.request(method, path, _VERSION, params)
    if not answer.success:
        raise AblyError(
            code=int(answer.error_code or 50000),
            status_code=answer.status_code,
            message=answer.error_message or f"the server answered with HTTP {answer.status_code}",
        )
    return answer


async def every(page: Any, limit: int, progress: Progress, what: str) -> AsyncIterator[Any]:
    """Up to `limit` items, from as many pages as that takes."""
    task = progress.add_task(what, total=limit, rate="")
    left = limit
    while True:
        for item in page.items[:left]:
            yield item
            progress.advance(task)
        left -= len(page.items)
        if left <= 0 or not page.has_next():
            return
        with ably_errors():
            page = await page.next()
