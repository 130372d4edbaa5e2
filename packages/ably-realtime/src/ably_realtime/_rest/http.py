"""HTTP over `httpx`, which every installation of the REST SDK has."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import ssl
from collections.abc import Mapping

import httpx

from ..seams import HttpClient, HttpResponse
from ..tls import shared_context

_LOADED_LATE = ("anyio._backends._asyncio", "httpcore._backends.anyio")
"""What `httpx` would import in the middle of its first request, on the loop."""


class HttpxClient:
    """The default `HttpClient`.

    Its `httpx` client, and the TLS context in it, cost tens of milliseconds: they are made for
    the first request, in a thread, so that the loop does not stand still.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        self._ssl_context = ssl_context
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpResponse:
        client = await self._ready()
        answer = await client.request(method, url, headers=headers, content=content)
        names = {name.lower(): value for name, value in answer.headers.items()}
        return HttpResponse(answer.status_code, names, answer.content)

    async def _ready(self) -> httpx.AsyncClient:
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make)
            return self._client

    def _make(self) -> httpx.AsyncClient:
        for name in _LOADED_LATE:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        return httpx.AsyncClient(
            timeout=None,  # noqa: S113  # the callers keep the deadlines
            verify=self._ssl_context or shared_context(),
        )

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


async def close_http(http: HttpClient) -> None:
    """Close the client's own HTTP client; one that was handed in belongs to whoever made it."""
    if isinstance(http, HttpxClient):
        await http.aclose()
