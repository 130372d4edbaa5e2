"""One client's connection: its life, its timers and what it is sent.

A connection outlives its socket: for two minutes a client may come back with the connection key and
carry on. Its attachments end with the socket, because a client that resumes attaches again, with
the serial that each channel has reached (RTN15c6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .activity import Activity
from .apps import App
from .attachments import Attachments
from .clock import Clock, Timer
from .errors import Code, ErrorInfo, refusal
from .frame_log import FrameLog
from .frames import Action, ConnectionDetails, Envelope, Frame
from .grants import ANY_CLIENT, Grant
from .ids import random_id
from .lanes import Lanes
from .logs import described, log_event, log_refusal
from .outbox import Outbox
from .policy import Delay, DelayAcks, DelayFrames, Policy


@dataclass(frozen=True, slots=True)
class Profile:
    """What a client asked for when it connected.

    `remain_present_for` is how long its members stay after the socket is lost, in milliseconds.
    """

    version: int = 6
    echo: bool = True
    heartbeats: bool = False
    remain_present_for: int | None = None


class Connection:
    """The state of one connection. `ended` is called once, when it can't be resumed any more."""

    def __init__(
        self,
        app: App,
        grant: Grant,
        client_id: str | None,
        profile: Profile,
        *,
        clock: Clock,
        log: FrameLog,
        policy: Policy,
        activity: Activity,
        server_id: str,
        ended: Callable[[Connection], None],
    ) -> None:
        self.id: str = random_id(10)
        self.key: str = self._new_key()
        self._previous_key = self.key
        self.app = app
        self.grant: Grant = grant
        self.client_id = client_id
        self.profile: Profile = profile
        self.attachments: Attachments = Attachments(
            self.id, app.channels, app.limits, self.send_envelope
        )
        self._clock = clock
        self._log = log
        self._policy = policy
        self._activity = activity
        self._has_ended = False
        self._lanes = Lanes(policy, self._put)
        self._server_id = server_id
        self._ended = ended
        self._outbox: Outbox | None = None
        self._last_sent = 0
        self._heartbeat: Timer | None = None
        self._token_timers: list[Timer] = []
        self._absence_timers: list[Timer] = []

    @property
    def is_connected(self) -> bool:
        return self._outbox is not None

    def is_known_by(self, key: str) -> bool:
        """Say whether `key` is that of this connection.

        The key changes with each resume (RTN16d). The one before stays good, because a client may
        be cut off before it learns the new one.
        """
        return key in (self.key, self._previous_key)

    def describe(self) -> dict[str, object]:
        """Return what the control API tells of it."""
        if self._has_ended:
            state = "closed"
        else:
            state = "connected" if self.is_connected else "disconnected"
        return {
            "id": self.id,
            "appId": self.app.id,
            "clientId": self.client_id,
            "keyName": self.grant.key_name,
            "state": state,
            "channels": self.attachments.names,
        }

    def _tell_state(self) -> None:
        if self._activity.is_watched:
            told = self.describe()
            self._activity.tell("connection", lambda: told)

    def open(self, outbox: Outbox, *, error: ErrorInfo | None = None) -> None:
        """Begin over the first socket.

        `error` tells a client why what it asked to resume could not be (RTN15c7).
        """
        self._outbox = outbox
        self._tell_state()
        self._send_connected(error)
        self._watch_token()
        if self.profile.heartbeats:
            self._keep_alive()

    def resume(self, outbox: Outbox, grant: Grant, profile: Profile) -> None:
        """Go on over another socket; the one in use, if there is one, is closed (RTN15c6)."""
        if self._outbox is not None:
            replaced = refusal(Code.CONNECTION_REPLACED, "another socket resumed the connection")
            self.disconnect(replaced.error)
        self._cancel(self._absence_timers)
        self._previous_key, self.key = self.key, self._new_key()
        self.grant = grant
        self.profile = profile
        self.open(outbox)

    def lost(self, outbox: Outbox) -> None:
        """Note that the socket behind `outbox` is gone. The connection can now be resumed."""
        if outbox is self._outbox:
            self._let_go()

    def disconnect(self, error: ErrorInfo | None) -> None:
        """Send DISCONNECTED and close the socket. The connection can be resumed."""
        self._send_last(Frame(action=Action.DISCONNECTED, error=error))
        self.drop(error)

    def drop(self, error: ErrorInfo | None = None) -> None:
        """Close the socket, because of `error` if there is one. The connection can be resumed."""
        if self._outbox is not None:
            self._outbox.close()
            self._let_go(error)

    def fail(self, error: ErrorInfo) -> None:
        """Send ERROR and end the connection."""
        self._send_last(Frame(action=Action.ERROR, connection_id=self.id, error=error))
        self.end()

    def close(self) -> None:
        """Confirm that the client closes the connection, and end it (RTN12)."""
        self._send_last(Frame(action=Action.CLOSED))
        self.end()

    def end(self) -> None:
        """End the connection for good: its socket closes, its members leave."""
        self.drop()
        self._cancel(self._absence_timers)
        self.attachments.leave_all()
        self._has_ended = True
        self._tell_state()
        self._ended(self)

    def reauthenticate(self, app: App, grant: Grant) -> None:
        """Take over a new token and confirm it, or refuse it with 40102 (RTC8a)."""
        bound = None if self.client_id == ANY_CLIENT else self.client_id
        if app is not self.app or grant.assume(bound) != self.client_id:
            raise refusal(
                Code.INCOMPATIBLE_CREDENTIALS,
                "the token belongs to another application or client than the connection",
                status=401,
            )
        self.grant = grant
        self._send_connected(None)
        self._watch_token()
        self.attachments.reconsider(grant)

    def request_renewal(self) -> None:
        """Ask the client for a new token (RTN22)."""
        self.send(Frame(action=Action.AUTH))

    def send(self, frame: Frame) -> None:
        """Send a frame, if there is a socket to send it over."""
        self.send_envelope(Envelope(frame))

    def send_envelope(self, envelope: Envelope) -> None:
        """Send a frame that may go to others too, if there is a socket to send it over."""
        if self._outbox is None:
            return
        if self._policy.is_empty and self._lanes.are_empty:
            self._put(envelope)
        else:
            channel = envelope.channel
            self._lanes.put(channel, envelope, self._policy.strike(DelayFrames, self.id, channel))

    def answer(self, frame: Frame, channel: str) -> None:
        """Send ACK or NACK for what the client sent on a channel."""
        if self._outbox is None:
            return
        delay: Delay | None = self._policy.strike(DelayAcks, self.id, channel)
        if delay is None:
            delay = self._policy.strike(DelayFrames, self.id)
        self._lanes.put(Action.ACK, Envelope(frame), delay)

    def _send_last(self, frame: Frame) -> None:
        """Send a frame before the socket is closed, and before it what was held back."""
        self._lanes.flush()
        self._put(Envelope(frame))

    def _put(self, envelope: Envelope) -> None:
        if self._outbox is None:
            return
        self._last_sent = self._clock.now()
        self._log.add(self.id, envelope)
        self._count(envelope)
        frame = envelope.frame
        if frame.error is not None and frame.action in (Action.NACK, Action.ERROR):
            log_refusal(frame.error, connection=self.id, channel=frame.channel)
        self._outbox.put(envelope)

    def _count(self, envelope: Envelope) -> None:
        frame = envelope.frame
        if frame.messages is not None:
            self.app.stats.count_messages(
                "outbound", "realtime", "messages", len(frame.messages), envelope.size
            )
        elif frame.action is Action.PRESENCE and frame.presence is not None:
            self.app.stats.count_messages(
                "outbound", "realtime", "presence", len(frame.presence), envelope.size
            )

    def _new_key(self) -> str:
        return f"{self.id}!{random_id(22)}"

    def _let_go(self, error: ErrorInfo | None = None) -> None:
        log_event("connection.disconnected", connection=self.id, **described(error))
        self._outbox = None
        self._tell_state()
        self._lanes.clear()
        self._cancel(self._token_timers)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self.attachments.release_all()
        limits = self.app.limits
        remain = self.profile.remain_present_for
        delay = limits.presence_leave_delay if remain is None else remain
        self._absence_timers += [
            self._clock.call_later(delay, self.attachments.leave_all),
            self._clock.call_later(limits.connection_state_ttl, self.end),
        ]

    def _send_connected(self, error: ErrorInfo | None) -> None:
        limits = self.app.limits
        details = ConnectionDetails(
            client_id=self.client_id,
            connection_key=self.key,
            max_message_size=limits.max_message_size,
            max_inbound_rate=limits.max_inbound_rate,
            max_frame_size=limits.max_frame_size,
            server_id=self._server_id,
            connection_state_ttl=limits.connection_state_ttl,
            max_idle_interval=limits.max_idle_interval,
        )
        self.send(
            Frame(
                action=Action.CONNECTED,
                connection_id=self.id,
                connection_details=details,
                timestamp=self._clock.now(),
                error=error,
            )
        )

    def _keep_alive(self) -> None:
        """Send a HEARTBEAT whenever nothing was sent for the idle interval (RTN23)."""
        interval = self.app.limits.max_idle_interval
        idle = self._clock.now() - self._last_sent
        if idle >= interval:
            self.send(Frame(action=Action.HEARTBEAT))
            idle = 0
        self._heartbeat = self._clock.call_later(interval - idle, self._keep_alive)

    def _watch_token(self) -> None:
        """Ask for a new token before this one expires, and disconnect when it has (RTN22)."""
        self._cancel(self._token_timers)
        if self.grant.expires is None:
            return
        left = max(0, self.grant.expires - self._clock.now())
        self._token_timers.append(self._clock.call_later(left, self._expire))
        # A client that was given a token and no means to renew it fails when asked to. It is left
        # alone while the whole life of its token is shorter than the notice.
        until_notice = left - self.app.limits.token_renewal_notice
        if until_notice > 0:
            self._token_timers.append(self._clock.call_later(until_notice, self.request_renewal))

    def _expire(self) -> None:
        expired = refusal(
            Code.TOKEN_EXPIRED, f"the token of key {self.grant.key_name} expired", status=401
        )
        self.disconnect(expired.error)

    @staticmethod
    def _cancel(timers: list[Timer]) -> None:
        for timer in timers:
            timer.cancel()
        timers.clear()
