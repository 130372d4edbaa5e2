"""A channel: attach, detach, suspend, and the serials that mark its position (RTL).

One machine with the seven states of RTL2; `_enter` is the only way into a state. Attach and
detach calls that meet a pending one of the other kind wait in `_later` and are looked at afresh
when it completes (RTL4h, RTL5i).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum, auto
from functools import lru_cache

from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, Flag, Frame
from ..presence_messages import PresenceMessage
from ..states import ChannelEvent, ChannelMode, ChannelState, ConnectionState
from . import faults
from .backoff import retry_delay
from .channel_settings import DEFAULT_SETTINGS, NOTHING, ChannelSettings
from .common import Common
from .effects import (
    ChannelChanged,
    Deliver,
    DeliverAnnotations,
    Discontinuity,
    Reject,
    Resolve,
    Trace,
    Warn,
)
from .inbound import Inbound, UndecodableDelta
from .members import members
from .presence import Presence
from .timers import Timers

A, C, S = members(Action), members(ConnectionState), members(ChannelState)


class Timer(Enum):
    """The deadlines of a channel."""

    REQUEST = auto()  # an answer to ATTACH or DETACH (RTL4f, RTL5f)
    RETRY = auto()  # the next automatic attach (RTL13b)

    __hash__ = object.__hash__  # an Enum hashes by name, in Python; each member is there once


_TIMERS_OF: dict[ChannelState, frozenset[Timer]] = {
    S.INITIALIZED: frozenset(),
    S.ATTACHING: frozenset({Timer.REQUEST}),
    S.ATTACHED: frozenset(),
    S.DETACHING: frozenset({Timer.REQUEST}),
    S.DETACHED: frozenset(),
    S.SUSPENDED: frozenset({Timer.RETRY}),
    S.FAILED: frozenset(),
}

LEGAL: dict[ChannelState, frozenset[ChannelState]] = {
    S.INITIALIZED: frozenset({S.ATTACHING, S.FAILED}),
    S.ATTACHING: frozenset({S.ATTACHED, S.DETACHED, S.SUSPENDED, S.FAILED}),
    S.ATTACHED: frozenset({S.ATTACHING, S.DETACHING, S.DETACHED, S.SUSPENDED, S.FAILED}),
    S.DETACHING: frozenset({S.ATTACHED, S.DETACHED, S.FAILED}),
    S.DETACHED: frozenset({S.INITIALIZED, S.ATTACHING, S.DETACHING, S.FAILED}),
    S.SUSPENDED: frozenset({S.INITIALIZED, S.ATTACHING, S.ATTACHED, S.DETACHED, S.FAILED}),
    S.FAILED: frozenset({S.INITIALIZED, S.ATTACHING}),
}
"""Where a channel may go from each state."""

_NO_ATTACH = frozenset(
    {
        C.SUSPENDED,
        C.CLOSING,
        C.CLOSED,
        C.FAILED,
    }
)  # RTL4b


_EVENTS = {state: ChannelEvent(state.value) for state in ChannelState}

_RESUMED, _HAS_BACKLOG = int(Flag.RESUMED), int(Flag.HAS_BACKLOG)


class Channel:
    """Decides what a channel sends, what it delivers, and when it tries again.

    Most of the time no call is waiting, and one empty tuple does for all that keep them.
    """

    __slots__ = (
        "_attaching",
        "_before_detaching",
        "_common",
        "_detaching",
        "_emit",
        "_forgotten",
        "_inbound",
        "_later",
        "_line",
        "_releasing",
        "_retries",
        "_was_attached",
        "attach_serial",
        "channel_serial",
        "error_reason",
        "modes",
        "name",
        "params",
        "presence",
        "settings",
        "state",
        "timers",
    )

    def __init__(self, name: str, common: Common, channel_serial: str | None = None) -> None:
        self.name: str = name
        self._common = common
        self._line = common.line
        self._emit = common.emit
        self._inbound = Inbound(name, common.emit, common.delta_decoder)
        self._retries = 0
        self._was_attached = False  # and the application did not detach it since
        self._attaching: tuple[int, ...] = ()
        self._detaching: tuple[int, ...] = ()
        self._releasing: tuple[int, ...] = ()
        self._forgotten = False
        self._later: tuple[tuple[Callable[[int, float], None], int], ...] = ()
        self._before_detaching = S.INITIALIZED
        self.presence: Presence = Presence(name, common)
        self.timers: Timers = Timers(common.queue)
        self.state: ChannelState = S.INITIALIZED
        self.error_reason: ErrorInfo | None = None
        self.settings: ChannelSettings = DEFAULT_SETTINGS
        self.attach_serial: str | None = None
        self.channel_serial = channel_serial
        self.modes: frozenset[ChannelMode] = _modes(0)
        self.params: Mapping[str, str] = NOTHING

    # -- what the application asks for

    def attach(self, op: int, now: float) -> None:
        """RTL4."""
        match self.state:
            case S.ATTACHED:
                self._emit(Resolve(op))
            case S.DETACHING:
                self._later += ((self.attach, op),)
            case S.ATTACHING if self._later:
                self._later += ((self.attach, op),)
            case S.ATTACHING:
                self._attaching += (op,)
            case _ if self._line.state in _NO_ATTACH:
                self._emit(Reject(op, self._line_unusable("attach")))
            case _:
                self.error_reason = None  # RTL4g
                self._attaching += (op,)
                self._begin_attach(None, now)

    def attach_implicitly(self, now: float) -> None:
        """Attach for something that waits for it and hears of a failure by itself (RTP8d)."""
        if self.state is not S.INITIALIZED:
            return
        if self._line.state in _NO_ATTACH:
            self.presence.suspended(self._line_unusable("attach"))
        else:
            self._begin_attach(None, now)

    def detach(self, op: int, now: float) -> None:
        """RTL5."""
        match self.state:
            case S.INITIALIZED | S.DETACHED:
                self._emit(Resolve(op))
            case S.FAILED:
                self._emit(Reject(op, faults.channel_unusable(self.name, self.state, "detach")))
            case _ if self.state is S.SUSPENDED or not self._connected:  # RTL5j, RTL5l
                self._enter(S.DETACHED, now)
                self._emit(Resolve(op))
            case S.DETACHING if not self._later:
                self._detaching += (op,)
            case S.DETACHING | S.ATTACHING:
                self._later += ((self.detach, op),)
            case _:
                self._detaching += (op,)
                self._begin_detach(now)

    def release(self, op: int, now: float) -> None:
        """Detach, then be forgotten (RTS4a)."""
        match self.state:
            case S.INITIALIZED | S.DETACHED | S.FAILED:
                self._be_forgotten()
                self._emit(Resolve(op))
            case _ if self.state is S.SUSPENDED or not self._connected:
                self._releasing += (op,)
                self._enter(S.DETACHED, now)
            case S.ATTACHING | S.DETACHING:
                self._later += ((self.release, op),)
            case _:
                self._releasing += (op,)
                self._begin_detach(now)

    def set_settings(self, settings: ChannelSettings) -> None:
        """Take settings that apply from the next attach, message or publish on."""
        self.settings = settings
        self._inbound.cipher = settings.cipher

    def get_presence(
        self, op: int, client_id: str | None, connection_id: str | None, *, wait: bool
    ) -> None:
        """RTP11; the channel was attached before, where that was needed (RTP11e)."""
        match self.state:
            case S.SUSPENDED if wait:
                self._emit(Reject(op, faults.presence_out_of_sync(self.name)))
            case S.ATTACHED | S.SUSPENDED:
                self.presence.get(op, client_id, connection_id, wait=wait)
            case _:
                fault = faults.channel_unusable(self.name, self.state, "get the members")
                self._emit(Reject(op, fault))

    def must_reattach_for(self, settings: ChannelSettings) -> bool:
        """Whether these settings take effect only by attaching again (RTL16a)."""
        return bool(settings.params or settings.modes) and self.state in (S.ATTACHED, S.ATTACHING)

    def configure(self, op: int, settings: ChannelSettings, now: float) -> None:
        """RTL16."""
        self.set_settings(settings)
        if not self.must_reattach_for(settings):
            self._emit(Resolve(op))
            return
        self._attaching += (op,)
        self._begin_attach(None, now)

    # -- what happens on the connection

    def prepare_reattach(self, now: float) -> None:
        """RTL3d, first half: take the state that CONNECTED finds channels in (RTL3d1)."""
        if self.state in (S.ATTACHED, S.SUSPENDED):
            self._enter(S.ATTACHING, now)

    def resume(self, now: float) -> None:
        """RTL3d, second half, and RTN19b: send what is pending."""
        if self.state is S.ATTACHING:
            self._send_attach(now)
        elif self.state is S.DETACHING:
            self._send_detach(now)

    def line_lost(self) -> None:
        """DISCONNECTED leaves the state alone (RTL3e), but nothing is on its way any more."""
        self.timers.keep_only(frozenset())  # RTL13c, and requests that died with the transport

    def line_suspended(self, error: ErrorInfo, now: float) -> None:
        """RTL3c."""
        self._line_ended(S.SUSPENDED, error, now)

    def line_closed(self, error: ErrorInfo | None, now: float) -> None:
        """RTL3b."""
        self._line_ended(S.DETACHED, error, now)

    def line_failed(self, error: ErrorInfo, now: float) -> None:
        """RTL3a."""
        self._line_ended(S.FAILED, error, now)

    def reinitialize(self, now: float) -> None:
        """RTN11d."""
        self.error_reason = None
        self._was_attached = False
        if self.state is not S.INITIALIZED:
            self._enter(S.INITIALIZED, now)

    # -- what the server says

    def received(self, frame: Frame, now: float) -> None:
        """A frame that names this channel."""
        match frame.action:
            case A.MESSAGE if self.state is S.ATTACHED:
                try:
                    messages = self._inbound.messages(frame)
                except UndecodableDelta as failure:
                    self._recover(failure.error, now)
                else:
                    self._move_to(frame.channel_serial)
                    self._emit(Deliver(self.name, messages))
            case A.PRESENCE if self.state is S.ATTACHED:
                self._move_to(frame.channel_serial)
                self.presence.received(self._inbound.presence(frame))
            case A.SYNC if self.state is S.ATTACHED:
                self.presence.synced(self._inbound.presence(frame), frame.channel_serial)
            case A.ANNOTATION if self.state is S.ATTACHED:
                self._move_to(frame.channel_serial)
                self._emit(DeliverAnnotations(self.name, self._inbound.annotations(frame)))
            case A.MESSAGE | A.PRESENCE | A.SYNC | A.ANNOTATION:
                # RTL17; the server sends it again once attached, as the serial stays
                self._emit(Trace(f"not attached, so not delivered: {frame}"))
            case A.ATTACHED:
                self._attached(frame, now)
            case A.DETACHED:
                self._detached(frame, now)
            case A.ERROR if self.state is S.FAILED:
                self.error_reason = self._reason(frame.error, S.FAILED)
            case A.ERROR:  # RTL14
                self._enter(S.FAILED, now, self._reason(frame.error, S.FAILED))
            case _:
                self._emit(Trace(f"ignored in state {self.state}: {frame}"))

    def _recover(self, error: ErrorInfo, now: float) -> None:
        """Have the server send again from before a delta that cannot be applied (RTL18)."""
        self._emit(Warn(f"channel {self.name!r} cannot go on", error))
        if error.code == faults.NO_DELTA_DECODER:
            self._enter(S.FAILED, now, error)
        else:
            self._begin_attach(error, now)

    def _attached(self, frame: Frame, now: float) -> None:
        match self.state:
            case S.DETACHING:  # RTL5k
                self._send_detach(now)
                return
            case S.DETACHED:
                self._begin_detach(now)
                return
            case S.INITIALIZED | S.FAILED:
                self._emit(Trace(f"ignored in state {self.state}: {frame}"))
                return
        resumed = bool(frame.flags & _RESUMED)
        self.modes = _modes(frame.flags)  # RTL4m
        self.params = frame.params or NOTHING  # RTL4k1
        self._move_to(frame.channel_serial)
        if not resumed:
            self.attach_serial = frame.channel_serial  # RTL15c
        backlog = bool(frame.flags & _HAS_BACKLOG)
        self._retries = 0
        self.error_reason = frame.error
        missed = self._was_attached and not resumed
        self._was_attached = True
        if self.state is not S.ATTACHED:
            self._enter(S.ATTACHED, now, frame.error, resumed=resumed, has_backlog=backlog)
            self.presence.attached(frame, reenter=True)
        else:
            if not resumed:  # RTL12
                self._announce(S.ATTACHED, ChannelEvent.UPDATE, frame.error, resumed, backlog)
            self.presence.attached(frame, reenter=not resumed)  # RTP17i
        if missed:
            self._emit(Discontinuity(self.name, frame.error))

    def _detached(self, frame: Frame, now: float) -> None:
        match self.state:
            case S.DETACHING:
                self._enter(S.DETACHED, now, frame.error)
            case S.ATTACHED | S.SUSPENDED:  # RTL13a
                self._begin_attach(frame.error, now)
            case S.ATTACHING:  # RTL13b
                self._suspend(self._reason(frame.error, S.SUSPENDED), now)
            case _:
                self._emit(Trace(f"ignored in state {self.state}: {frame}"))

    # -- attaching and detaching

    def _begin_attach(self, reason: ErrorInfo | None, now: float) -> None:
        if self.state is not S.ATTACHING:
            self._enter(S.ATTACHING, now, reason)
        if self._connected:
            self._send_attach(now)

    def _begin_detach(self, now: float) -> None:
        self._before_detaching = self.state
        self._enter(S.DETACHING, now)
        self._send_detach(now)

    def _send_attach(self, now: float) -> None:
        self._common.send(
            Frame(
                A.ATTACH,
                channel=self.name,
                channel_serial=self.channel_serial,  # RTL4c1
                flags=self.settings.flags,
                params=self.settings.params,
            )
        )
        self.timers.set(Timer.REQUEST, now + self._common.request_timeout, self._attach_timed_out)

    def _send_detach(self, now: float) -> None:
        self._common.send(Frame(A.DETACH, channel=self.name))
        self.timers.set(Timer.REQUEST, now + self._common.request_timeout, self._detach_timed_out)

    def _attach_timed_out(self, now: float) -> None:
        self._suspend(
            faults.channel_timed_out(self.name, "attach", self._common.request_timeout), now
        )

    def _detach_timed_out(self, now: float) -> None:
        error = faults.channel_timed_out(self.name, "detach", self._common.request_timeout)
        self._enter(self._before_detaching, now, error)

    def _suspend(self, reason: ErrorInfo, now: float) -> None:
        """Fail the attach and plan the next one (RTL13b)."""
        self._retries += 1
        delay = retry_delay(self._common.retry_timeout, self._retries, self._common.random())
        self._enter(S.SUSPENDED, now, reason)
        if self.state is S.SUSPENDED:  # nobody detached it meanwhile
            self.timers.set(Timer.RETRY, now + delay, lambda at: self._begin_attach(None, at))

    def _line_ended(self, state: ChannelState, error: ErrorInfo | None, now: float) -> None:
        if self.state in (S.ATTACHING, S.ATTACHED):
            self._enter(state, now, error)
        elif self.state is S.DETACHING:
            self._enter(S.DETACHED, now)
        else:
            self.timers.keep_only(frozenset())

    # -- the one way into a state, and what follows from it

    def _enter(
        self,
        state: ChannelState,
        now: float,
        reason: ErrorInfo | None = None,
        *,
        resumed: bool = False,
        has_backlog: bool = False,
    ) -> None:
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        previous, self.state = self.state, state
        self.timers.keep_only(_TIMERS_OF[state])
        if reason is not None:
            self.error_reason = reason
        self._announce(previous, _EVENTS[state], reason, resumed, has_backlog)
        if state in (S.DETACHED, S.FAILED):
            self.channel_serial = None  # RTL15b2
            self.presence.ended(self._reason(reason, state))
        elif state is S.SUSPENDED:
            self.presence.suspended(self._reason(reason, state))
        if state is S.DETACHED:
            self._was_attached = False
        self._settle(state, reason, now)

    def presence_acknowledged(self, message: PresenceMessage) -> None:
        """The server took a change to a member of ours; `message` is as it was sent."""
        member = replace(message)
        self._inbound.decode(member)
        self.presence.acknowledged(member)

    def reentry_failed(self, client_id: str | None, error: ErrorInfo) -> None:
        """The server did not take back a member of ours (RTP17e)."""
        fault = faults.reentry_failed(client_id, error)
        self._emit(Warn(f"channel {self.name!r}", fault))
        self._announce(self.state, ChannelEvent.UPDATE, fault, True, False)

    def _announce(
        self,
        previous: ChannelState,
        event: ChannelEvent,
        reason: ErrorInfo | None,
        resumed: bool,
        has_backlog: bool,
    ) -> None:
        self._emit(
            ChannelChanged(self.name, previous, self.state, event, reason, resumed, has_backlog)
        )

    def _settle(self, state: ChannelState, reason: ErrorInfo | None, now: float) -> None:
        """Settle every call that this state decides, then look at those that waited for it."""
        if state in (S.ATTACHING, S.DETACHING):
            return
        attaching, self._attaching = self._attaching, ()
        detaching, self._detaching = self._detaching, ()
        releasing, self._releasing = self._releasing, ()
        self._settle_calls(attaching, state is S.ATTACHED, state, reason)  # RTL4d
        self._settle_calls(detaching, state is S.DETACHED, state, reason)
        if releasing and state in (S.DETACHED, S.FAILED):
            self._be_forgotten()
        self._settle_calls(releasing, self._forgotten, state, reason)
        later, self._later = self._later, ()
        for again, op in later:
            if self._forgotten:  # the object is nobody's any more, so nothing may begin on it
                self._settle_calls((op,), False, state, reason)
            else:
                again(op, now)

    def _be_forgotten(self) -> None:
        self._forgotten = True
        self._common.forget(self.name)

    def _settle_calls(
        self, ops: tuple[int, ...], reached: bool, state: ChannelState, reason: ErrorInfo | None
    ) -> None:
        for op in ops:
            self._emit(Resolve(op) if reached else Reject(op, self._reason(reason, state)))

    def _move_to(self, serial: str | None) -> None:
        """RTL15b."""
        if serial is not None:
            self.channel_serial = serial

    @property
    def _connected(self) -> bool:
        return self._line.state is C.CONNECTED

    def _reason(self, error: ErrorInfo | None, state: ChannelState) -> ErrorInfo:
        return error or faults.channel_failed(self.name, state, None)

    def _line_unusable(self, operation: str) -> ErrorInfo:
        return faults.connection_unusable(
            self._line.state, f"{operation} channel {self.name!r}", self._line.error_reason
        )


@lru_cache(maxsize=256)
def _modes(flags: int) -> frozenset[ChannelMode]:
    """The modes among the flags of a frame: servers grant the same few over and over."""
    return frozenset(mode for mode in ChannelMode if flags & mode.value)
