"""The server side of every HTTP request a client makes, in memory."""

from __future__ import annotations

import asyncio
import json
import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from ably_realtime.seams import HttpResponse

from .clock import FakeClock
from .url import Url
from .waiting import poll_until


class MockHttpClient:
    """The client's `HttpClient`: answers with handlers, or by awaiting the next request.

    Connections succeed where no handler says otherwise. `route_rest_requests` brings the REST
    SDK's requests here as well.
    """

    def __init__(
        self,
        on_request: Callable[[PendingRequest], object] | None = None,
        *,
        on_connection_attempt: Callable[[PendingHttpConnection], object] | None = None,
    ) -> None:
        self.on_request = on_request
        self.on_connection_attempt = on_connection_attempt
        self.requests: list[PendingRequest] = []
        self._unclaimed: deque[PendingRequest] = deque()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpResponse:
        return await self.answer(PendingRequest(method, url, headers or {}, content or b""))

    async def answer(self, request: PendingRequest) -> HttpResponse:
        if self.on_connection_attempt is not None:
            connection = PendingHttpConnection(request.url)
            self.on_connection_attempt(connection)
            await connection.opened
        self.requests.append(request)
        if self.on_request is None:
            self._unclaimed.append(request)
        else:
            self.on_request(request)
        return await request.response

    async def await_request(self, timeout: float = 0) -> PendingRequest:
        """The next request that no handler answers and no earlier call returned."""
        await poll_until(
            lambda: bool(self._unclaimed), timeout=timeout, waiting_for="an HTTP request"
        )
        return self._unclaimed.popleft()


class PendingHttpConnection:
    """An HTTP connection attempt of the client."""

    def __init__(self, url: Url) -> None:
        self.host = url.host
        self.port = url.port
        self.tls = url.scheme == "https"
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def respond_with_success(self) -> None:
        self.opened.set_result(None)

    def respond_with_refused(self) -> None:
        self.opened.set_exception(ConnectionRefusedError("connection refused"))

    def respond_with_dns_error(self) -> None:
        self.opened.set_exception(socket.gaierror(socket.EAI_NONAME, "name not known"))


class PendingRequest:
    """An HTTP request of the client; one of the `respond_with` methods answers it.

    `timeout_error` is what a request raises that times out by itself. Without one it stays
    unanswered until the client gives up.
    """

    def __init__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        timeout_error: Exception | None = None,
    ) -> None:
        self.method = method
        self.url = Url.parse(url)
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.response: asyncio.Future[HttpResponse] = asyncio.get_running_loop().create_future()
        self._timeout_error = timeout_error

    def respond_with(
        self, status: int, body: Any = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with bytes as they are, a string as plain text, anything else as JSON."""
        fields = {name.lower(): value for name, value in (headers or {}).items()}
        if isinstance(body, bytes):
            content = body
        elif isinstance(body, str):
            content = body.encode()
            fields.setdefault("content-type", "text/plain")
        else:
            content = json.dumps(body).encode()
            fields.setdefault("content-type", "application/json")
        if not self.response.done():
            self.response.set_result(HttpResponse(status, fields, content))

    def respond_with_delay(self, delay: float, status: int, body: Any = b"") -> None:
        """Answer when `delay` milliseconds of fake time have passed."""
        FakeClock.running().call_later(delay, lambda: self.respond_with(status, body))

    def respond_with_timeout(self) -> None:
        if self._timeout_error is not None:
            self.response.set_exception(self._timeout_error)


def route_rest_requests(monkeypatch: pytest.MonkeyPatch, http: MockHttpClient) -> None:
    """Bring the requests of `ably`'s REST client, which makes them with `httpx`, to the mock."""

    async def handle(_: object, request: httpx.Request) -> httpx.Response:
        pending = PendingRequest(
            request.method,
            str(request.url),
            request.headers,
            await request.aread(),
            # The REST SDK's timeouts run on the wall clock, which no test waits for.
            timeout_error=httpx.ReadTimeout("no answer", request=request),
        )
        try:
            answer = await http.answer(pending)
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from error
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)


def no_network() -> MockHttpClient:
    """A client's HTTP where nothing can be reached."""
    return MockHttpClient(on_connection_attempt=PendingHttpConnection.respond_with_refused)


def internet_up() -> MockHttpClient:
    """A client's HTTP where the connectivity check succeeds and nothing else exists (RTN17j)."""

    def answer(request: PendingRequest) -> None:
        if "internet-up" in request.url.host:
            request.respond_with(200, "yes")
        else:
            request.respond_with(404)

    return MockHttpClient(answer)


class TokenServer(MockHttpClient):
    """A client's HTTP where token requests are answered with `renewed_token_1`, `_2`, ..."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.token_requests = 0

    def _answer(self, request: PendingRequest) -> None:
        if "/keys/" not in request.url.path:
            request.respond_with(404)
            return
        self.token_requests += 1
        now = FakeClock.running().time()
        request.respond_with(
            200,
            {
                "token": f"renewed_token_{self.token_requests}",
                "keyName": "appId.keyId",
                "issued": int(now),
                "expires": int(now) + 3_600_000,
                "capability": '{"*":["*"]}',
            },
        )
