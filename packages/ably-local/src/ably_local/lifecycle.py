"""What becomes of an app's connections and channels, told on its metachannels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .capability import METACHANNEL
from .feed import Origin
from .formats import compact_json
from .messages import Message, Payload

if TYPE_CHECKING:
    from .apps import App
    from .channel import Channel

CHANNELS = f"{METACHANNEL}channel.lifecycle"
CONNECTIONS = f"{METACHANNEL}connection.lifecycle"
STATISTICS = f"{METACHANNEL}stats:minute"


class Lifecycle:
    """The metachannels of one app, and the statistics of what they tell.

    Nothing is published where no key of the app permits anybody to read it.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._connections = 0

    def connection_opened(self, connection_id: str, client_id: str | None) -> None:
        """Tell of a new connection. One that is resumed is not new."""
        self._connections += 1
        self._app.stats.count("connections.all.opened")
        self._app.stats.peak("connections.all.peak", self._connections)
        self._tell_of_connection("connection.opened", connection_id, client_id)

    def connection_closed(self, connection_id: str, client_id: str | None) -> None:
        """Tell of a connection that was closed or can't be resumed any more."""
        self._connections -= 1
        self._tell_of_connection("connection.closed", connection_id, client_id)

    def channel_opened(self, channel: Channel, number: int) -> None:
        """Tell of a channel that becomes active, after which there are `number` active ones."""
        if channel.name.startswith(METACHANNEL):
            return
        self._app.stats.count("channels.opened")
        self._app.stats.peak("channels.peak", number)
        # The server is the only region there is.
        self._tell_of_channel(("channel.opened", "channel.region.active"), channel, active=True)

    def channel_closed(self, channel: Channel) -> None:
        """Tell of a channel that nobody has used for a while."""
        if not channel.name.startswith(METACHANNEL):
            names = ("channel.region.inactive", "channel.closed")
            self._tell_of_channel(names, channel, active=False)

    def minute_passed(self) -> None:
        """Tell the statistics of the minute before, if there are any."""
        if self._is_readable(STATISTICS):
            statistics = self._app.stats.of_previous_minute()
            if statistics is not None:
                self._tell(STATISTICS, ("update",), statistics)

    def _tell_of_connection(self, event: str, connection_id: str, client_id: str | None) -> None:
        if self._is_readable(CONNECTIONS):
            details = {"connectionId": connection_id, "clientId": client_id}
            self._tell(CONNECTIONS, (event,), details)

    def _tell_of_channel(self, events: tuple[str, ...], channel: Channel, *, active: bool) -> None:
        if self._is_readable(CHANNELS):
            self._tell(CHANNELS, events, channel.status(active=active))

    def _tell(self, metachannel: str, events: tuple[str, ...], details: object) -> None:
        payload = Payload(data=compact_json(details), encoding="json")
        messages = self._app.channels.get(metachannel).messages
        for event in events:
            messages.publish([Message(name=event, payload=payload)], Origin.rest())

    def _is_readable(self, metachannel: str) -> bool:
        return any(
            key.capability.allows_any(metachannel, ("subscribe", "history"))
            for key in self._app.keys.values()
        )
