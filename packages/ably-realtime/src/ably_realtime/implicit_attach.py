"""What receiving needs first: an attached channel with the mode for it (RTL7g, RTL7i)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import AblyError
from .log import channel as log
from .states import ChannelMode, ChannelState

if TYPE_CHECKING:
    from .channel import Channel

_ATTACH_FIRST = frozenset(
    {
        ChannelState.INITIALIZED,
        ChannelState.ATTACHING,
        ChannelState.DETACHING,
        ChannelState.DETACHED,
    }
)

_MISSING = {
    ChannelMode.SUBSCRIBE: (90009, "subscribe", "the server will not deliver messages"),
    ChannelMode.PRESENCE_SUBSCRIBE: (
        91008,
        "presence_subscribe",
        "the members of the channel have not been delivered to this client",
    ),
}


async def attach_if_asked(channel: Channel) -> None:
    """Attach, unless the channel's options say otherwise.

    A FAILED channel receives nothing until the application attaches it, so that is an error.
    """
    if not channel.options.attach_on_subscribe:
        return
    if channel.state is ChannelState.FAILED:
        raise AblyError(
            code=90001,
            status_code=400,
            message=f"nothing will arrive on channel {channel.name!r}: it has failed",
            cause=channel.error_reason,
            hint="Attach the channel again.",
        )
    if channel.state in _ATTACH_FIRST:
        await channel.attach()


def check_granted(channel: Channel, mode: ChannelMode, *, strict: bool) -> None:
    """Fail if `strict`, log otherwise, when an attached channel cannot receive (TO3r)."""
    if channel.state is not ChannelState.ATTACHED or mode in channel.modes:
        return
    code, name, consequence = _MISSING[mode]
    error = AblyError(
        code=code,
        status_code=400,
        message=f"channel {channel.name!r} is attached without the {name} mode: {consequence}",
        hint="Request the mode in ChannelOptions, with a capability that allows it.",
    )
    if strict:
        raise error
    if channel.first_warning_about(mode):
        log.error("%s With strict_mode=True this operation would fail.", error)
