"""Every connection to the server: opened, resumed, looked up and shut down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .activity import Activity
from .apps import App
from .auth import Authenticator
from .clock import Clock
from .connection import Connection, Profile
from .errors import Code, ErrorInfo, refusal
from .formats import Format
from .frame_log import FrameLog
from .frames import Received
from .grants import Grant
from .ids import random_id
from .inbound import Inbound
from .logs import log_event
from .outbox import Outbox
from .policy import Policy
from .revocation import Revocation

_CONNECTION_KEY = re.compile(r"[0-9A-Za-z]+![0-9A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Dial:
    """The query of a WebSocket request (RTN2), read."""

    format: Format
    profile: Profile
    key: str | None
    token: str | None
    client_id: str | None
    resume: str | None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Dial:
        """Read a query; refuse an unusable one with the documented code."""
        version = query.get("v", "6")
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", version):
            raise refusal(Code.UNSUPPORTED_PROTOCOL_VERSION, "v is a protocol version number")
        return cls(
            format=Dial.format_of(query),
            profile=Profile(
                version=int(version.partition(".")[0]),
                echo=query.get("echo") != "false",
                heartbeats=query.get("heartbeats") == "true",
                remain_present_for=_milliseconds(query, "remainPresentFor"),
            ),
            key=query.get("key"),
            token=query.get("accessToken") or query.get("access_token"),
            client_id=query.get("clientId"),
            resume=query.get("resume") or query.get("recover"),
        )

    @staticmethod
    def format_of(query: Mapping[str, str]) -> Format:
        """Return the format asked for; it is also that of the error for the rest of the query."""
        return Format.MSGPACK if query.get("format") == "msgpack" else Format.JSON


def _milliseconds(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", value):
        raise refusal(Code.INVALID_PARAMETER_VALUE, f"{name} is a number of milliseconds")
    return int(value)


class Link:
    """One connection as its socket sees it."""

    def __init__(
        self, connection: Connection, inbound: Inbound, outbox: Outbox, log: FrameLog
    ) -> None:
        self.connection = connection
        self._log = log
        self._inbound = inbound
        self._outbox = outbox

    def check_size(self, data: bytes | str) -> None:
        """Refuse with 40009 what is larger than a frame may be (CD2d)."""
        limit = self.connection.app.limits.max_frame_size
        # A character has at most four bytes, so short texts need not be encoded to be measured.
        if isinstance(data, str) and len(data) * 4 > limit:
            data = data.encode()
        if len(data) > limit:
            raise refusal(Code.MAX_MESSAGE_SIZE_EXCEEDED, f"a frame has at most {limit} bytes")

    def receive(self, frame: Received) -> None:
        """Carry out a frame, unless the connection has moved on to another socket."""
        if not self._outbox.is_closed:
            self._log.add(self.connection.id, frame)
            self._inbound.receive(frame)

    def lost(self) -> None:
        """Note that the socket is gone."""
        self.connection.lost(self._outbox)


class Realtime:
    """The connections of the server."""

    def __init__(
        self,
        clock: Clock,
        authenticator: Authenticator,
        log: FrameLog,
        policy: Policy,
        activity: Activity,
    ) -> None:
        self._clock = clock
        self._log = log
        self._policy = policy
        self._activity = activity
        self._authenticator = authenticator
        self._server_id = f"local.{random_id(6)}"
        self._by_id: dict[str, tuple[Connection, Inbound]] = {}

    def __iter__(self) -> Iterator[Connection]:
        return iter([connection for connection, _ in self._by_id.values()])

    def find(self, key: str) -> Connection | None:
        """Return the connection with this key, if it is open or can be resumed."""
        entry = self._entry(key)
        return entry[0] if entry else None

    def connect(self, dial: Dial, outbox: Outbox, *, secure: bool) -> Link:
        """Open a new connection or resume the one asked for, and send CONNECTED.

        Refuses bad credentials. A connection that can't be resumed is no reason to refuse: a new
        one is opened that says why (RTN15c7).
        """
        app, grant = self._authenticate(dial, secure=secure)
        client_id = grant.assume(dial.client_id)
        error: ErrorInfo | None = None
        if dial.resume is not None:
            found = self._entry(dial.resume)
            error = self._obstacle(dial.resume, found, app, client_id)
            if found is not None and error is None:
                connection, inbound = found
                connection.resume(outbox, grant, dial.profile)
                log_event("connection.resumed", connection=connection.id)
                return Link(connection, inbound, outbox, self._log)
        connection = Connection(
            app,
            grant,
            client_id,
            dial.profile,
            clock=self._clock,
            log=self._log,
            policy=self._policy,
            activity=self._activity,
            server_id=self._server_id,
            ended=self._forget,
        )
        inbound = Inbound(connection, self._clock, self._policy, self._authenticator.with_token)
        self._by_id[connection.id] = (connection, inbound)
        log_event(
            "connection.opened", connection=connection.id, app=app.id, clientId=connection.client_id
        )
        connection.open(outbox, error=error)
        app.lifecycle.connection_opened(connection.id, connection.client_id)
        return Link(connection, inbound, outbox, self._log)

    def close_app(self, app: App, error: ErrorInfo) -> None:
        """End every connection to an app that is deleted."""
        for connection in self:
            if connection.app is app:
                connection.fail(error)

    def request_renewal(self, app: App, revocation: Revocation) -> None:
        """Ask clients whose tokens are about to be revoked for new ones (RTN22)."""
        for connection in self._covered(app, revocation):
            connection.request_renewal()

    def disconnect_revoked(self, app: App, revocation: Revocation) -> None:
        """Disconnect clients whose tokens were revoked."""
        for connection in self._covered(app, revocation):
            name = connection.grant.key_name
            revoked = refusal(
                Code.TOKEN_REVOKED, f"the token of key {name} was revoked", status=401
            )
            connection.disconnect(revoked.error)

    def _covered(self, app: App, revocation: Revocation) -> list[Connection]:
        return [
            connection
            for connection in self
            if connection.app is app and revocation.covers(connection.grant)
        ]

    def shut_down(self) -> None:
        """Tell every client that the server goes away, and close its socket."""
        leaving = refusal(Code.CONNECTION_DISCONNECTED, "the server is shutting down")
        for connection in self:
            connection.disconnect(leaving.error)

    def _authenticate(self, dial: Dial, *, secure: bool) -> tuple[App, Grant]:
        if dial.token is not None:
            return self._authenticator.with_token(dial.token)
        if dial.key is not None:
            return self._authenticator.with_key(dial.key, secure=secure)
        raise refusal(Code.INVALID_CREDENTIALS, "the request carries no key and no token")

    @staticmethod
    def _obstacle(
        key: str, found: tuple[Connection, Inbound] | None, app: App, client_id: str | None
    ) -> ErrorInfo | None:
        """Return why the connection with `key` can't be resumed, or None if it can."""
        if not _CONNECTION_KEY.fullmatch(key):
            return refusal(Code.INVALID_CONNECTION_KEY, "the connection key is malformed").error
        if found is None:
            return refusal(
                Code.RECOVERY_FAILED, "the connection is unknown, or was gone for too long"
            ).error
        if found[0].app is not app or found[0].client_id != client_id:
            return refusal(
                Code.INCOMPATIBLE_AUTH_ON_RESUME,
                "the connection belongs to another application or client",
            ).error
        return None

    def _entry(self, key: str) -> tuple[Connection, Inbound] | None:
        entry = self._by_id.get(key.partition("!")[0])
        return entry if entry is not None and entry[0].is_known_by(key) else None

    def _forget(self, connection: Connection) -> None:
        if self._by_id.pop(connection.id, None) is not None:
            connection.app.lifecycle.connection_closed(connection.id, connection.client_id)
        log_event("connection.closed", connection=connection.id)
