"""What `doctor` tries, in order, and what it says to do where a step fails."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Self

import httpx
import jwt

from .._driver.proxies import FROM_ENVIRONMENT, proxy_for
from .._rest.requests import ably_errors
from ..client import AblyRealtime
from ..endpoints import fallback_hosts
from ..states import ChannelMode
from ..tls import shared_context
from .problems import Failure, problem_of
from .session import Session, connect, identity
from .settings import Settings

SKEW_TO_MENTION = 5_000
SKEW_THAT_FAILS = 60_000
"""Milliseconds. Ably refuses token requests whose clock is two minutes off or more."""

_MODES = {
    "subscribe": ChannelMode.SUBSCRIBE,
    "publish": ChannelMode.PUBLISH,
    "presence": ChannelMode.PRESENCE,
}
_FALLBACK_TIMEOUT = 5.0
_RESOURCES_SHOWN = 3
_LET_THROUGH = "Check that firewalls and proxies on the way let WebSockets through."


class Status(Enum):
    """How a step went."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def label(self) -> str:
        """What the terminal shows."""
        return {"warning": "warn", "failed": "FAIL", "skipped": "skip"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step, and what to do about it."""

    status: Status
    detail: str
    hint: str | None = None
    milliseconds: float | None = None


class Skipped(Exception):
    """There is nothing to try, for the reason given."""


class Patient:
    """What is examined, and what the steps found out so far."""

    def __init__(
        self,
        session: Session,
        channel: str | None,
        needs: Sequence[str],
        fallbacks: Sequence[str] | None,
    ) -> None:
        self.session = session
        self.settings: Settings = session.settings
        self.channel = channel
        self.needs: tuple[str, ...] = tuple(dict.fromkeys(needs))
        self.fallbacks: tuple[str, ...] = fallback_hosts(self.settings.endpoint, fallbacks)
        self.proxy: str | None = proxy_for(
            FROM_ENVIRONMENT, self.settings.host, secure=self.settings.tls
        )
        self.addresses: list[str] = []
        self.capability: dict[str, Any] | None = None
        self.client: AblyRealtime | None = None
        self.stack: AsyncExitStack[bool | None] = AsyncExitStack()

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self.settings.host} port {self.settings.effective_port}"

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(shared_context)  # reads all authorities: no step's time
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stack.aclose()


async def dns(patient: Patient) -> Outcome:
    """Find the addresses of the host."""
    _straight(patient)
    host = patient.settings.host
    try:
        patient.addresses = await _addresses(host, patient.settings.effective_port)
    except OSError as error:
        return Outcome(
            Status.FAILED,
            f"{host} has no address: {error.strerror}",
            "Check the spelling of the endpoint, the network, and this machine's DNS server.",
        )
    return Outcome(Status.OK, f"{host} is {', '.join(patient.addresses[:2])}")


async def tcp(patient: Patient) -> Outcome:
    """Reach the port."""
    _straight(patient)
    problem: OSError | None = None
    for address in patient.addresses:
        try:
            _, writer = await asyncio.open_connection(address, patient.settings.effective_port)
        except OSError as error:
            problem = error
            continue
        await _close(writer)
        return Outcome(Status.OK, f"connected to {address} port {patient.settings.effective_port}")
    refused = isinstance(problem, ConnectionRefusedError)
    return Outcome(
        Status.FAILED,
        f"{patient.place}: {_reason(problem)}",
        "Nothing listens there: check ABLY_ENDPOINT and --port, or start the server."
        if refused
        else "Check the network, and that a firewall lets TCP through to this port.",
    )


async def tls(patient: Patient) -> Outcome:
    """Make sure of whom we are talking to."""
    if not patient.settings.tls:
        raise Skipped("not used: the connection is not encrypted")
    _straight(patient)
    host, port = patient.settings.host, patient.settings.effective_port
    try:
        _, writer = await asyncio.open_connection(
            patient.addresses[0], port, ssl=shared_context(), server_hostname=host
        )
    except ssl.SSLCertVerificationError as error:
        return Outcome(
            Status.FAILED,
            f"the certificate of {host} is not trusted: {error.verify_message}",
            "Check this machine's clock, and whether something intercepts TLS. For an authority "
            "of your own, set SSL_CERT_FILE to its certificate.",
        )
    except (ssl.SSLError, ConnectionError) as error:
        return Outcome(
            Status.FAILED,
            f"{patient.place} does not speak TLS: {getattr(error, 'reason', None) or error}",
            "Check --port; for a server without TLS, use --no-tls or an http:// endpoint.",
        )
    found: ssl.SSLObject = writer.get_extra_info("ssl_object")
    version, until = found.version(), _valid_until(found)
    await _close(writer)
    return Outcome(Status.OK, f"{version}, certificate valid until {until}")


async def http(patient: Patient) -> Outcome:
    """Have a REST request answered."""
    answer = await _time(patient)
    if not answer.is_success:
        return Outcome(
            Status.FAILED,
            f"GET /time was answered with HTTP {answer.status_code}",
            "What answers there is not Ably: check the endpoint, the port and any proxy.",
        )
    took = answer.elapsed.total_seconds() * 1000
    return Outcome(
        Status.OK, f"{answer.http_version} {answer.status_code} from /time", milliseconds=took
    )


async def clock(patient: Patient) -> Outcome:
    """Compare this machine's clock with the server's."""
    before = time.time()
    answer = await _time(patient)
    here = (before + time.time()) / 2 * 1000
    try:
        skew = here - float(answer.json()[0])
    except (ValueError, LookupError, TypeError):
        raise Failure("the answer of /time holds no time", "Check the endpoint.") from None
    if abs(skew) < SKEW_TO_MENTION:
        return Outcome(Status.OK, f"within {max(1, round(abs(skew)))} ms of the server's")
    way = "ahead of" if skew > 0 else "behind"
    detail = f"{datetime.timedelta(seconds=round(abs(skew) / 1000))} {way} the server's"
    hint = "Set this machine's clock (NTP): tokens are refused where clocks differ."
    failed = abs(skew) >= SKEW_THAT_FAILS
    return Outcome(Status.FAILED if failed else Status.WARNING, detail, hint)


async def credentials(patient: Patient) -> Outcome:
    """Have the server accept the key, or read what the token says of itself."""
    settings = patient.settings
    if settings.key is None:
        assert settings.token is not None
        return _read_token(patient, settings.token)
    # The server's time, so that the key is not blamed for this machine's clock.
    async with patient.session.client(query_time=True) as client:
        with ably_errors():
            details = await client.auth.request_token()
    patient.capability = json.loads(str(details.capability))
    return Outcome(Status.OK, f"key {settings.key.partition(':')[0]} is accepted")


async def websocket(patient: Patient) -> Outcome:
    """Connect as a client does."""
    client = await patient.stack.enter_async_context(patient.session.client())
    await connect(client)
    patient.client = client
    return Outcome(
        Status.OK,
        f"connected as {identity(client)}, round trip {await client.connection.ping():.1f} ms",
    )


async def capability(patient: Patient) -> Outcome:
    """See what may be done, on the channel that was named if one was."""
    if patient.channel is None:
        if patient.capability is None:
            raise Skipped("the token does not say; name a channel with --channel to try it")
        return Outcome(Status.OK, _capability_text(patient.capability))
    assert patient.client is not None
    channel = patient.client.channels.get(patient.channel)
    await channel.attach()
    denied = [need for need in patient.needs if _MODES[need] not in channel.modes]
    if not denied:
        return Outcome(Status.OK, f"{', '.join(patient.needs)} on {patient.channel}")
    return Outcome(
        Status.FAILED,
        f"{', '.join(denied)} not permitted on {patient.channel}",
        f"Give the key or token this capability: {json.dumps({patient.channel: denied})}",
    )


async def fallbacks(patient: Patient) -> Outcome:
    """Reach the hosts that the client turns to when the first does not answer."""
    if not patient.fallbacks:
        raise Skipped("none: an endpoint that names a host has no fallback hosts")
    _straight(patient)
    found = await asyncio.gather(*(_reach(patient, host) for host in patient.fallbacks))
    missing = {
        host: reason
        for host, reason in zip(patient.fallbacks, found, strict=True)
        if isinstance(reason, str)
    }
    if not missing:
        times = [took for took in found if not isinstance(took, str)]
        return Outcome(
            Status.OK, f"all {len(found)} reachable, in {min(times):.0f} to {max(times):.0f} ms"
        )
    host, reason = next(iter(missing.items()))
    return Outcome(
        Status.FAILED if len(missing) == len(found) else Status.WARNING,
        f"{len(missing)} of {len(found)} not reachable: {host}: {reason}",
        "Let the firewall pass TCP to all of them: they are the way around an outage.",
    )


@dataclass(frozen=True, slots=True)
class Check:
    """One step: what it is called, what it needs to have gone well, and what it does.

    `hint` says what to do where the network is to blame.
    """

    title: str
    after: tuple[str, ...]
    carry_out: Callable[[Patient], Awaitable[Outcome]]
    hint: str | None = None


CHECKS = (
    Check("DNS", (), dns),
    Check("TCP", ("DNS",), tcp),
    Check("TLS", ("TCP",), tls),
    Check("HTTP", ("TCP", "TLS"), http),
    Check("Clock", ("HTTP",), clock),
    Check("Credentials", ("HTTP",), credentials),
    Check("WebSocket", ("TCP", "TLS", "Credentials"), websocket, _LET_THROUGH),
    Check("Capability", ("WebSocket",), capability),
    Check("Fallbacks", (), fallbacks),
)


def _straight(patient: Patient) -> None:
    """Leave out what a proxy does instead of this machine."""
    if patient.proxy is not None:
        raise Skipped("connections go through a proxy, as the environment says")


async def _addresses(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def _time(patient: Patient) -> httpx.Response:
    async with httpx.AsyncClient(verify=shared_context(), timeout=None) as client:  # noqa: S113
        url = f"{patient.settings.url}/time"
        try:
            return await client.get(url, headers={"Accept": "application/json"})
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise Failure(
                f"GET /time failed: {reason}",
                "Check that the endpoint and port are those of an Ably server.",
            ) from error


async def _reach(patient: Patient, host: str) -> float | str:
    """How many milliseconds it takes to reach a host, or why that failed."""
    context = shared_context() if patient.settings.tls else None
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_FALLBACK_TIMEOUT):
            _, writer = await asyncio.open_connection(
                host, patient.settings.effective_port, ssl=context
            )
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return _reason(error)
    took = (time.perf_counter() - began) * 1000
    await _close(writer)
    return took


def _reason(error: OSError | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if error is not None and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return "no address answers" if error is None else problem_of(error).message


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:  # it was only to be reached
        return


def _valid_until(found: ssl.SSLObject) -> str:
    certificate: dict[str, Any] = found.getpeercert() or {}
    seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d}"


def _read_token(patient: Patient, token: str) -> Outcome:
    """What a JWT says of itself; whether the server accepts it, the WebSocket shows."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return Outcome(Status.OK, "a token, which the WebSocket will try")
    if (text := claims.get("x-ably-capability")) is not None:
        patient.capability = json.loads(text)
    expires = claims.get("exp")
    if isinstance(expires, (int, float)) and expires <= time.time():
        return Outcome(
            Status.FAILED,
            f"the JWT expired at {datetime.datetime.fromtimestamp(expires).astimezone():%c}",
            "Get a new one: ably-realtime auth jwt.",
        )
    return Outcome(Status.OK, "a JWT, not expired, which the WebSocket will try")


def _capability_text(capability: dict[str, Any]) -> str:
    if capability == {"*": ["*"]}:
        return "every operation on every channel"
    shown = [
        f"{', '.join(operations)} on {resource}"
        for resource, operations in list(capability.items())[:_RESOURCES_SHOWN]
    ]
    more = len(capability) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])
