"""What the REST seam meets: HTTP that a test answers, and a realtime client's place on an Auth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ably import Auth
from ably.types.options import Options
from ably.types.tokendetails import TokenDetails

from ably_realtime._rest.auth_host import AuthHost
from ably_realtime.seams import HttpResponse, TimerHandle
from tests.uts.harness.clock import FakeClock, settle

TIMEOUT = 10_000
HOUR = 3_600_000
KEY: dict[str, Any] = {"key_name": "app.key", "key_secret": "secret"}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request that was made."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def host(self) -> str | None:
        return urlsplit(self.url).hostname

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.content.decode(), keep_blank_values=True))


class FakeHttp:
    """An `HttpClient` that gives its answers in turn, the last one for ever.

    An answer is what to return or raise, or a function of the request.
    """

    def __init__(self, *answers: HttpResponse | Exception | Callable[[Request], Any]) -> None:
        self.requests: list[Request] = []
        self._answers = list(answers)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpResponse:
        request = Request(method, url, headers or {}, content or b"")
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, HttpResponse):
            return answer
        response: HttpResponse = answer(request)
        return response


class FakeMember:
    """A realtime client as its Auth sees it; it hears of tokens and takes those it is given."""

    def __init__(self, http: FakeHttp | None = None) -> None:
        self.http = http or FakeHttp(ConnectionError("there is no network"))
        self.request_timeout = float(TIMEOUT)
        self.clock = FakeClock()
        self.heard: list[str] = []
        self.authorizations: list[asyncio.Future[TokenDetails]] = []
        self.accepted: list[asyncio.Future[None]] = []
        self.accepts = True

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        return self.clock.call_later(delay, callback)

    def token_changed(self, details: TokenDetails) -> None:
        self.heard.append(str(details.token))

    def authorize(self, token: asyncio.Future[TokenDetails]) -> asyncio.Future[None]:
        accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.authorizations.append(token)
        self.accepted.append(accepted)
        if self.accepts:
            token.add_done_callback(lambda _: accepted.set_result(None))
        return accepted


class Provider:
    """An `auth_callback` that is answered by the test, or at once with `t1`, `t2`, ..."""

    def __init__(self, *, held: bool = False) -> None:
        self.params: list[dict[str, Any]] = []
        self.pending: list[asyncio.Future[Any]] = []
        self._held = held

    async def __call__(self, params: dict[str, Any]) -> Any:
        self.params.append(params)
        if not self._held:
            return f"t{len(self.params)}"
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.pending.append(future)
        return await future


def make_auth(http: FakeHttp | None = None, **options: Any) -> Any:
    """An Auth of the REST SDK that asks `http` for tokens."""
    options.setdefault("use_token_auth", True)
    own = Options(endpoint="localhost", **options)
    host: Any = AuthHost(own, 443, http or FakeHttp(), "test")
    return Auth(host, own)


async def started(work: Awaitable[Any]) -> asyncio.Task[Any]:
    """A task that has gone as far as it can."""
    task = asyncio.ensure_future(work)
    await settle()
    assert isinstance(task, asyncio.Task)
    return task


def answer(body: Any, status: int = 200, kind: str = "application/json") -> HttpResponse:
    """An HTTP answer: text as it is, anything else as JSON."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return HttpResponse(status, {"content-type": kind}, content)
