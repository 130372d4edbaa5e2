"""One REST request: who makes it, what it asks for, and how it is answered."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response

from ..actor import Actor
from ..apps import App
from ..channel import Channel
from ..channel_names import ChannelName
from ..errors import Code, ErrorInfo, Refusal, refusal
from ..formats import Format, decode_form
from ..grants import Grant
from ..logs import log_refusal, redacted
from ..paging import Page
from ..policy import DelayRequests, FailRequests
from ..service import Service

MAX_BODY = 2 * 1024 * 1024
LATEST_VERSION = 6.0
FIRST_VERSION_WITH_BATCH_RESULTS = 3
FORM = "application/x-www-form-urlencoded"
BODY_TYPES = (Format.JSON.content_type, Format.MSGPACK.content_type, FORM)
# Token requests are documented as text/plain, and curl users leave the type out.
_JSON_TYPES = {"", "application/json", "text/json", "text/plain"}
_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PAGING = {"start", "end", "limit", "direction", "cursor", "fromSerial", "from_serial"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with. `value` is encoded in the format the client accepts."""

    value: object
    status: int = 200
    links: Sequence[str] = field(default_factory=tuple)


class Call:
    """A request as the routes see it. Reading `app` or `grant` verifies its credentials."""

    def __init__(self, request: Request, service: Service) -> None:
        self._request = request
        self.service = service
        self._counted_for: App | None = None
        self.params: Mapping[str, str] = request.query_params

    @property
    def is_secure(self) -> bool:
        return self._request.url.scheme == "https"

    @property
    def outline(self) -> str:
        """The method and path of the request, without anything secret."""
        return redacted(f"{self._request.method} {unquote(self._request.url.path)}")

    @property
    def host(self) -> tuple[str, int]:
        """The host and port the client reached the server by."""
        url = self._request.url
        return url.hostname or "localhost", url.port or (443 if self.is_secure else 80)

    def path(self, name: str) -> str:
        """Return a part of the path, with its percent-encoding undone.

        Refused with 40000 where it is not the UTF-8 of any text.
        """
        try:
            return unquote_to_bytes(self._request.path_params[name].encode("latin-1")).decode()
        except UnicodeDecodeError:
            raise refusal(Code.BAD_REQUEST, "the path is not valid UTF-8") from None

    def header(self, name: str) -> str | None:
        """Return the value of a header."""
        return self._request.headers.get(name)

    def has_path(self, name: str) -> bool:
        """Say whether the path has a part of this name."""
        return name in self._request.path_params

    @property
    def has_no_body(self) -> bool:
        headers = self._request.headers
        return headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers

    @cached_property
    def format(self) -> Format:
        """The format of the answer: that of the Accept header, else of the `format` parameter."""
        for wanted in (self.header("accept") or "", self.params.get("format", "")):
            if "msgpack" in wanted:
                return Format.MSGPACK
            if "json" in wanted:
                return Format.JSON
        return Format.JSON

    @cached_property
    def version(self) -> float:
        """The version of the API that the client asks for; refused with 40017 if it is none."""
        asked = self.header("x-ably-version") or self.params.get("v")
        if asked is None:
            return LATEST_VERSION
        if not _VERSION.fullmatch(asked):
            raise refusal(Code.UNSUPPORTED_PROTOCOL_VERSION, "the API version is no number")
        return float(asked)

    @property
    def app(self) -> App:
        """The app of the key or token that the request is made with."""
        return self._identity[0]

    @property
    def grant(self) -> Grant:
        """What the key or token of the request permits."""
        return self._identity[1]

    @cached_property
    def _identity(self) -> tuple[App, Grant]:
        identity = self.authenticate(secure=self.is_secure)
        self._counted_for = identity[0]
        return identity

    def count_for(self, app: App) -> None:
        """Say whose statistics the request counts towards, where no credentials do."""
        self._counted_for = app

    def count(self, status: int) -> None:
        """Count this request in the statistics of its app, if it turned out to have one."""
        if self._counted_for is None:
            return
        outcome = "succeeded" if status < 400 else "refused" if status < 500 else "failed"
        kind = "tokenRequests" if self._request.url.path.endswith("/requestToken") else "other"
        self._counted_for.stats.count(f"apiRequests.all.{outcome}")
        self._counted_for.stats.count(f"apiRequests.{kind}.{outcome}")

    def authenticate(self, *, secure: bool) -> tuple[App, Grant]:
        """Verify the credentials of the request; refuse a request without any with 40101.

        `secure` says whether the transport is one on which a key may be used.
        """
        verify = self.service.authenticator
        header = self.header("authorization")
        if header is not None:
            return verify.with_header(header, secure=secure)
        token = self.params.get("accessToken") or self.params.get("access_token")
        if token is not None:
            return verify.with_token(token)
        key = self.params.get("key")
        if key is not None:
            return verify.with_key(key, secure=secure)
        raise refusal(Code.INVALID_CREDENTIALS, "the request carries no key and no token")

    @property
    def is_authenticated(self) -> bool:
        """Whether the request carries credentials, right or wrong."""
        names = ("accessToken", "access_token", "key")
        return "authorization" in self._request.headers or any(n in self.params for n in names)

    @property
    def client_id(self) -> str | None:
        """The identity in force: that of the token, or the one a key's user declares (RSA7e)."""
        declared = self.header("x-ably-clientid")
        if declared is None:
            return self.grant.client_id
        try:
            name = base64.b64decode(declared, validate=True).decode()
        except (binascii.Error, ValueError):
            raise refusal(
                Code.INVALID_CLIENT_ID, "the X-Ably-ClientId header is not valid base64"
            ) from None
        return self.grant.assume(name)

    def channel(self, *operations: str) -> Channel:
        """Return the channel in the path, on which one of `operations` must be permitted."""
        return self.named_channel(self.path("channel"), *operations)

    def named_channel(self, name: str, *operations: str) -> Channel:
        """Return the channel called `name`, on which one of `operations` must be permitted."""
        base = ChannelName.parse(name).base
        self.grant.require(base, *operations)
        return self.app.channels.get(base)

    @property
    def actor(self) -> Actor:
        """Who publishes with this request."""
        return Actor(self.grant, self.client_id, self.app.limits, self.app.stats, "rest")

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters; empty if none is declared."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    async def body(self) -> Any:
        """Return the decoded body.

        Refused are a malformed or missing one (40001), a type of content that is not supported
        (40004) and one that is too large (40009).
        """
        declared = self.content_type
        if "msgpack" in declared:
            return Format.MSGPACK.decode(await self.raw_body())
        if declared in _JSON_TYPES or declared.endswith("+json"):
            return Format.JSON.decode(await self.raw_body())
        if declared == FORM:
            return decode_form(await self.raw_body())
        raise refusal(
            Code.INVALID_REQUEST_HEADER,
            f"a body is of type {', '.join(BODY_TYPES)}, not {declared[:100]}",
        )

    async def raw_body(self) -> bytes:
        """Return the body as it was sent; refuse one that is too large with 40009."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in self._request.stream():
            size += len(chunk)
            if size > MAX_BODY:
                raise refusal(
                    Code.MAX_MESSAGE_SIZE_EXCEEDED, f"a body has at most {MAX_BODY} bytes"
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def page(
        self, page: Page[Any], items: Sequence[object], *, also: Collection[str] = ()
    ) -> Answer:
        """Answer with one page of a collection and the links to others (RSL2a).

        The links repeat the query parameters that are no part of paging, and those named `also`.
        """
        extra = {
            name: value
            for name, value in self.params.items()
            if name not in _PAGING or name in also
        }
        last_segment = self._request.scope["path"].rpartition("/")[2]
        return Answer(items, links=page.links(last_segment, extra))

    def batch(self, results: Sequence[Mapping[str, object]], status: int = 200) -> Answer:
        """Answer with the results of several operations in one."""
        return Answer(self.batch_result(results), status)

    def batch_result(self, results: Sequence[Mapping[str, object]]) -> object:
        """Return results with the numbers of those that succeeded and failed (BAR2).

        Before version 3 of the protocol there were no numbers.
        """
        if self.version < FIRST_VERSION_WITH_BATCH_RESULTS:
            return results
        failures = sum(1 for result in results if "error" in result)
        return {
            "successCount": len(results) - failures,
            "failureCount": failures,
            "results": results,
        }


Handler = Callable[[Call], Awaitable[Answer]]


def respond(call: Call, answer: Answer, error: ErrorInfo | None = None) -> Response:
    """Encode an answer."""
    headers = {"X-Ably-ServerId": "local"}
    if error is not None:
        headers["X-Ably-ErrorCode"] = str(error.code)
        headers["X-Ably-ErrorMessage"] = _header_safe(error.message)
    response = Response(
        call.format.encode(answer.value) if answer.status != 204 else b"",
        status_code=answer.status,
        headers=headers,
        media_type=call.format.content_type,
    )
    for link in answer.links:
        response.headers.append("Link", link)
    return response


def _header_safe(text: str) -> str:
    """Return text that quotes what a client sent in a form that a header can hold."""
    words = " ".join(text.encode("ascii", "backslashreplace").decode().split())
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", words)


def respond_error(call: Call, error: ErrorInfo) -> Response:
    """Encode the answer to a refused request, and log it."""
    log_refusal(error, request=call.outline)
    return respond(call, Answer({"error": error.to_wire()}, error.status_code), error)


async def carry_out(call: Call, handler: Handler) -> Response:
    """Return the answer to a request. What it tells of is written by then."""
    try:
        response = respond(call, await handler(call))
    except Refusal as refused:
        response = respond_error(call, refused.error)
    call.service.storage.commit()
    return response


def endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Make a route's endpoint of a handler."""

    async def unless_it_fails(call: Call) -> Answer:
        _ = call.version  # every route refuses a version that is none
        fault = call.service.policy.strike(FailRequests, channel=_channel_of(call))
        if fault is not None:
            raise Refusal(fault.error)
        return await handler(call)

    async def serve(request: Request) -> Response:
        call = Call(request, request.app.state.service)
        response = await carry_out(call, unless_it_fails)
        call.count(response.status_code)
        policy = call.service.policy
        delay = policy.strike(DelayRequests, channel=_channel_of(call))
        if delay is not None:
            over = asyncio.Event()
            policy.hold(delay, over.set)
            await over.wait()
        return response

    return serve


def _channel_of(call: Call) -> str | None:
    """Return the channel in the path, if there is one that can be read."""
    try:
        return call.path("channel") if call.has_path("channel") else None
    except Refusal:
        return None
