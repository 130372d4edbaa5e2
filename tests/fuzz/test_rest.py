"""Whatever is requested: the answer is a result or a documented error, never a 500."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ably_local.rest import batch, channels, keys, push, sandbox, system
from tests.fuzz import values
from tests.fuzz.target import Reply, Target

TLS = True  # without which keys are refused
Keep = Callable[[Callable[[], None]], None]

ROUTES = sorted(
    (method, route.path)
    for module in (batch, channels, keys, push, sandbox, system)
    for route in module.routes
    for method in route.methods or ()
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]

# -- where to

tricks = st.sampled_from(
    [b"..", b".", b"%2e%2e", b"%2F", b"a%2Fb", b"", b"%00", b"%FF", b"%C3%28", b"%", b"%zz", b"%0A",
     b"\xc3\xbc", b"\xff", b"a" * 5_000, b"*", b";", b"a;b=c", b"%5Bmeta%5Dx", b"%5B", b"~", b"@"]
)  # fmt: skip
PARTS = {
    "channel": values.channels,
    "serial": values.serials,
    "id": st.sampled_from(["d", "e"]),
    "key": st.sampled_from(["key0", "key1", "a.b", "a"]),  # of which two stand for real ones
    "app": st.sampled_from(["a", ""]),
}


@st.composite
def places(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """The method, pattern and path of a route with all kinds of parts, and now and then of none."""
    if values.rarely(draw, 12):
        anywhere = draw(st.lists(tricks, max_size=4))
        return draw(st.sampled_from(METHODS)), "", b"/" + b"/".join(anywhere)
    method, route = draw(st.sampled_from(ROUTES))
    path = [
        one.encode()
        if "{" not in one
        else draw(tricks)
        if values.rarely(draw, 8)
        else quote(draw(PARTS[one.strip("{}")]), safe="").encode()
        for one in route.split("/")
    ]
    if values.rarely(draw, 12):
        method = draw(st.sampled_from(METHODS))
    return method, route, b"/".join(path)


numbers = st.sampled_from(["0", "1", "5", "-1", "1e3", "x", "9" * 40, "1767225600000", "\uff11"])
parameters = st.fixed_dictionaries(
    {},
    optional={
        "limit": numbers,
        "start": numbers | st.sampled_from(["2026-01", "2026-01-01:00:00"]),
        "end": numbers | st.sampled_from(["2026-01", "2026-13"]),
        "direction": st.sampled_from(["forwards", "backwards", "sideways"]),
        "cursor": values.serials | values.texts,
        "fromSerial": values.serials,
        "unit": st.sampled_from(["minute", "hour", "day", "month", "week"]),
        "by": st.sampled_from(["id", "value", "x"]),
        "prefix": values.texts,
        "channels": values.channels | st.just("a,b,c"),
        "separator": st.sampled_from([",", ";", "", "ab"]),
        "clientId": values.clients | values.texts,
        "forClientId": values.clients | values.texts,
        "deviceId": values.texts,
        "connectionId": values.texts,
        "concatFilters": st.sampled_from(["true", "false"]),
        "enveloped": st.sampled_from(["true", "false"]),
        "name": values.texts,
        "encoding": values.encodings,
        "format": st.sampled_from(["json", "msgpack", "html", "jsonp", ""]),
        "v": st.sampled_from(["1", "2", "6", "0", "1.2", "x", ""]),
        "_forceNack": st.just("true"),
    },
)

queries: st.SearchStrategy[dict[str, str]] = st.just({}) | st.just({"limit": "2"}) | parameters

# -- what

devices = values.fields(
    "platform",
    "formFactor",
    "push",
    platform=st.sampled_from(["ios", "android", "browser"]),
    formFactor=st.sampled_from(["phone", "tv"]),
    clientId=values.clients,
    push=values.fields(
        "recipient",
        recipient=values.fields(
            "transportType",
            transportType=st.sampled_from(["apns", "ablyChannel"]),
            channel=values.channels,
        ),
    ),
)
recipients = values.fields(
    "transportType", transportType=st.sampled_from(["apns", "ablyChannel"]), channel=values.channels
) | st.sampled_from([{"clientId": "alice"}, {"deviceId": "d"}])
payloads = values.fields(
    "data", notification=values.fields(title=values.texts), data=st.just({"a": "b"})
)
BODIES = {
    "/channels/{channel}/messages": values.several(values.messages) | values.messages,
    "/channels/{channel}/messages/{serial}": values.messages,
    "/channels/{channel}/messages/{serial}/annotations": values.several(values.remarks),
    "/messages": values.several(
        values.fields(
            "channels",
            "messages",
            channels=values.several(values.channels) | values.channels,
            messages=values.several(values.messages) | values.messages,
        )
    ),
    "/keys/{key}/requestToken": values.fields(
        ttl=st.integers(-1, 10**8),
        capability=st.sampled_from(['{"*":["*"]}', "{}", "{", '{"a":["fly"]}', ""]),
        clientId=values.clients,
        timestamp=st.integers(0, 2**53),
        nonce=values.texts,
    ),
    "/keys/{key}/revokeTokens": values.fields(
        "targets",
        targets=values.several(st.sampled_from(["clientId:bob", "channel:a", "x:y", "clientId:"])),
        issuedBefore=st.integers(0, 2**53),
        allowReauthMargin=st.booleans(),
    ),
    "/push/publish": st.tuples(payloads, recipients).map(
        lambda pair: {**pair[0], "recipient": pair[1]}
    ),
    "/push/batch/publish": values.several(
        values.fields(
            "recipient",
            "payload",
            recipient=recipients | values.several(recipients),
            payload=payloads,
        )
    ),
    "/push/deviceRegistrations": devices.map(lambda device: {"id": "d", **device}),
    "/push/deviceRegistrations/{id}": devices,
    "/push/channelSubscriptions": values.fields(
        "channel", channel=st.just("pushenabled:a"), clientId=values.clients
    )
    | st.just({"channel": "pushenabled:a", "deviceId": "d"}),
    "/stats": values.several(
        values.fields(
            "intervalId",
            intervalId=st.sampled_from(["2026-01", "2026-01-01:00:00", "9999-12-31:23:59", "x"]),
            inbound=values.fields(
                realtime=values.fields(messages=values.fields(count=st.integers(0, 9)))
            ),
            channels=values.fields(peak=st.integers(0, 9)),
        )
    ),
    "/apps": values.fields(
        keys=values.several(values.fields(revocableTokens=st.booleans())),
        namespaces=values.several(values.fields("id", id=values.texts, persisted=st.booleans())),
        channels=values.several(
            values.fields("name", name=values.channels, presence=values.several(values.presence))
        ),
        limits=values.fields(presence=values.fields(maxMembers=st.integers(0, 9))),
    ),
}
raw = st.binary(max_size=20) | st.sampled_from(
    [b"", b"{", b"[" * 50_000, b"\x91" * 50_000, b"\xd6\xff\x00\x00\x00\x01", b'"\\ud800"',
     b"1e999", b"\xc7\x0c\xff" + b"\xff" * 12, b"a=1&b", b"a=%FF", b"name=x&data=y",
     b"\xdf\xff\xff\xff\xff"]
)  # fmt: skip
types = st.sampled_from(
    [b"application/json", b"application/x-msgpack", b"application/x-www-form-urlencoded",
     b"text/plain", b"application/octet-stream", b"application/xml", b"multipart/form-data", b";"]
)  # fmt: skip


@st.composite
def contents(draw: st.DrawFn, body: st.SearchStrategy[Any]) -> tuple[bytes, bytes]:
    """The type of a body and the body itself, in a form that mostly fits the type."""
    if values.rarely(draw, 8):
        return draw(types), draw(raw | values.values.map(values.in_json))
    value = draw(body)
    if draw(st.booleans()):
        return b"application/json", values.in_json(value)
    return b"application/x-msgpack", values.in_msgpack(value)


# -- who

odd_headers = st.fixed_dictionaries(
    {},
    optional={
        b"Accept": st.sampled_from(
            [b"application/json", b"application/x-msgpack", b"text/html", b"*/*", b"\xff"]
        ),
        b"X-Ably-Version": st.sampled_from([b"1", b"2", b"5", b"6", b"0", b"x", b"\xff"]),
        b"X-Ably-ClientId": st.sampled_from([b"YWxpY2U=", b"Kg==", b"", b"%", b"\xff", b"/w=="]),
        b"X-Ably-Name": st.sampled_from([b"a", b"\xff"]),
        b"X-Ably-MessageId": st.sampled_from([b"a:0", b""]),
        b"Origin": st.sampled_from([b"https://example.org", b"null"]),
        b"Access-Control-Request-Method": st.sampled_from([b"GET", b"BREW"]),
        b"Expect": st.just(b"200-maybe"),
    },
)
headers: st.SearchStrategy[dict[bytes, bytes]] = (
    st.just({}) | st.just({b"Accept": b"application/x-msgpack"}) | odd_headers
)
forged = st.sampled_from(
    [b"Basic", b"Basic %%", b"Basic " + base64.b64encode(b"a.b:c"), b"Bearer a.b.c", b"Bearer a.b",
     b"Bearer eyJhbGciOiJub25lIn0.e30.", b"Bearer e30.e30.e30", b"Digest x", b"", b"\xff",
     b"Basic " + base64.b64encode(b"\xff:\xff"), b"Bearer " + b"a" * 5_000]
)  # fmt: skip


def check(method: str, reply: Reply) -> None:
    """Check that a reply is a result or an error as they are documented."""
    assert reply.status < 500, reply
    if reply.status < 400:
        assert "x-ably-errorcode" not in reply.headers
        return
    code = int(reply.headers["x-ably-errorcode"])
    assert reply.headers["x-ably-errormessage"]
    if method != "HEAD":
        error = reply.value["error"]
        assert (error["code"], error["statusCode"]) == (code, reply.status)
        assert error["message"]
        assert error["href"] == f"https://help.ably.io/error/{code}"


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, bytes, dict[bytes, bytes], tuple[bytes, bytes]]:
    """A method, a target, headers, and the type of a body with the body."""
    method, route, path = draw(places())
    query = draw(queries)
    where = path + (b"?" + urlencode(query).encode() if query else b"")
    return method, where, draw(headers), draw(contents(BODIES.get(route, values.values)))


def test_no_request_breaks_the_server(target: Target, keep_attacking: Keep) -> None:
    @settings.get_profile("fuzz")
    @given(requests(), st.integers(0, 5), forged)
    def attack(
        drawn: tuple[str, bytes, dict[bytes, bytes], tuple[bytes, bytes]],
        credential: int,
        forgery: bytes,
    ) -> None:
        method, where, extra, (kind, body) = drawn
        good = target.credentials
        sent = extra | {
            b"Content-Type": kind,
            b"Authorization": good[credential] if credential < len(good) else forgery,
        }
        target.attack(request(method, target.fill(where), sent, target.fill(body)))

    async def request(method: str, where: bytes, sent: dict[bytes, bytes], body: bytes) -> None:
        reply = await target.wire.request(method, where, sent, body)
        if reply.headers.get("content-type", "").startswith("text/plain"):
            # No answer of the API: to the preflight of a browser, or to what is no HTTP.
            preflight = method == "OPTIONS" and b"Access-Control-Request-Method" in sent
            odd = not where.isascii() or any(not value.isascii() for value in sent.values())
            assert preflight or (odd and reply.status == 400)
            return
        check(method, reply)

    keep_attacking(attack)


def test_what_is_no_http_breaks_nothing(target: Target, keep_attacking: Keep) -> None:
    pieces = st.sampled_from(
        [b"GET", b"POST", b" ", b"/time", b"/", b"*", b"http://x/time", b" HTTP/1.1\r\n",
         b" HTTP/9.9", b"\r\n", b"\n", b"Host: x\r\n", b"Content-Length: 5\r\n",
         b"Content-Length: -1\r\n",
         b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"Upgrade: websocket\r\n",
         b"Connection: Upgrade\r\n", b"Sec-WebSocket-Key: x\r\n", b"\x00", b"\x16\x03\x01", b"\xff"]
    )  # fmt: skip

    @settings.get_profile("fuzz")
    @given(st.lists(pieces | st.binary(max_size=8), max_size=12).map(b"".join))
    @example(b"GET /time HTTP/1.1\r\nHost: x\r\n\r\n")
    def attack(data: bytes) -> None:
        target.attack(target.blurt(data))

    keep_attacking(attack)
