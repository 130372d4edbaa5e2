"""The channels that one connection is attached to."""

from __future__ import annotations

from collections.abc import Callable

from . import channel_params, modes
from .attachment import Attachment
from .channel import Channel
from .channel_names import ChannelName
from .channels import Channels
from .errors import Code, ErrorInfo, Refusal, refusal
from .filters import Filter
from .frames import Action, Envelope, Flag, Frame, Received
from .grants import Grant
from .limits import Limits


class Attachments:
    """Attaches one connection to channels and detaches it again.

    They end with the socket. Presence does not: a member stays until it leaves, is detached, or its
    connection has been gone for a while.
    """

    def __init__(
        self,
        connection_id: str,
        channels: Channels,
        limits: Limits,
        send: Callable[[Envelope], None],
    ) -> None:
        self._connection_id = connection_id
        self._channels = channels
        self._limits = limits
        self._send = send
        self._attached: dict[str, tuple[Channel, Attachment]] = {}
        self._entered: dict[str, Channel] = {}

    @property
    def names(self) -> list[str]:
        """The channels attached to, as the client calls them."""
        return list(self._attached)

    def attach(self, frame: Received, grant: Grant, *, echo: bool) -> None:
        """Do what an ATTACH asks for: answer with ATTACHED and what follows it, or with ERROR."""
        try:
            name = ChannelName.parse(frame.channel)
            params = channel_params.recognised(name.params | frame.params)
            wanted = modes.requested(frame.flags, params.get(channel_params.MODES, ""))
            granted = modes.granted(wanted, grant.capability, name.base)
            if not granted:
                raise _denied(name.base)
            self._check_room(frame.channel)
            attachment = Attachment(
                frame.channel,
                self._connection_id,
                self._send,
                wanted,
                granted,
                params,
                echo=echo,
                only=None if name.filter is None else Filter(name.filter),
            )
        except Refusal as refused:
            self.fail(frame.channel, refused.error)
            return
        channel = self._channels.get(name.base)
        self._end(frame.channel)
        self._attached[frame.channel] = (channel, attachment)
        keeps_position = bool(frame.flags & Flag.ATTACH_RESUME)
        channel.attach(attachment, frame.channel_serial, may_rewind=not keeps_position)

    def detach(self, frame: Received) -> None:
        """Do what a DETACH asks for; a channel that is not attached is confirmed all the same."""
        self._release(frame.channel)
        self._send(Envelope(Frame(action=Action.DETACHED, channel=frame.channel)))

    def sync(self, frame: Received) -> None:
        """Send the presence set of an attached channel again."""
        channel, attachment = self._attached.get(frame.channel, (None, None))
        if channel is not None and attachment is not None:
            channel.presence.sync(attachment)

    def require(self, name: str, mode: Flag, grant: Grant) -> Channel:
        """Return the channel called `name`, on which `mode` is needed.

        Refused with 40160 where the capability, with 40165 where the modes of the attachment do not
        permit it. The channel need not be attached.
        """
        base = ChannelName.parse(name).base
        grant.require(base, *modes.OPERATIONS[mode])
        channel, attachment = self._attached.get(name, (None, None))
        if attachment is not None and mode not in attachment.modes:
            raise refusal(
                Code.MODE_NOT_REQUESTED,
                f"the mode {mode.name} was not requested when attaching to channel {name}",
                status=401,
            )
        return channel or self._channels.get(base)

    def enter(self, name: str) -> None:
        """Note that this connection takes part in the presence of a channel it is attached to."""
        if name not in self._attached:
            raise refusal(
                Code.PRESENCE_IN_CURRENT_STATE,
                f"presence on channel {name} needs the connection to be attached to it",
            )
        self._entered[name] = self._attached[name][0]

    def reconsider(self, grant: Grant) -> None:
        """Adjust the modes to what `grant` permits; detach with ERROR where nothing is left."""
        for name, (channel, attachment) in list(self._attached.items()):
            granted = modes.granted(attachment.requested, grant.capability, channel.name)
            if granted:
                attachment.modes = granted
            else:
                self.fail(name, _denied(channel.name).error)

    def fail(self, name: str, error: ErrorInfo) -> None:
        """Detach from a channel with an ERROR."""
        self._release(name)
        self._send(Envelope(Frame(action=Action.ERROR, channel=name, error=error)))

    def release_all(self) -> None:
        """End every attachment, leaving presence as it is."""
        for name in list(self._attached):
            self._end(name)

    def leave_all(self) -> None:
        """Take this connection's members out of every presence set."""
        entered, self._entered = self._entered, {}
        for channel in entered.values():
            channel.presence.leave(self._connection_id)

    def _check_room(self, name: str) -> None:
        limit = self._limits.max_channels_per_connection
        if name not in self._attached and len(self._attached) >= limit:
            raise refusal(
                Code.TOO_MANY_CHANNELS, f"a connection attaches to at most {limit} channels"
            )

    def _end(self, name: str) -> None:
        channel, attachment = self._attached.pop(name, (None, None))
        if channel is not None and attachment is not None:
            channel.detach(attachment)

    def _release(self, name: str) -> None:
        self._end(name)
        channel = self._entered.pop(name, None)
        if channel is not None:
            channel.presence.leave(self._connection_id)


def _denied(channel: str) -> Refusal:
    return refusal(
        Code.CAPABILITY_DENIED,
        f"the capability does not permit what was asked for on channel {channel}",
        status=401,
    )
