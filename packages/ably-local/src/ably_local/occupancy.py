"""How many use a channel, told to those that asked for it (the channel parameter `occupancy`)."""

from __future__ import annotations

from .attachment import Attachment
from .channel_params import OCCUPANCY
from .clock import Clock
from .feed import Feed, Origin
from .formats import compact_json
from .frames import Action, Flag, Frame
from .messages import Message, Payload
from .presence import Presence

EVENT = "[meta]occupancy"


class Occupancy:
    """The metrics of one channel (CHM2)."""

    def __init__(self, channel: str, feed: Feed, presence: Presence, clock: Clock) -> None:
        self._channel = channel
        self._feed = feed
        self._presence = presence
        self._clock = clock
        self._announced: dict[str, int] = {}

    def metrics(self) -> dict[str, int]:
        """Return the numbers as they are now."""
        return {
            "connections": len({attachment.connection_id for attachment in self._feed}),
            "publishers": self._feed.count(Flag.PUBLISH),
            "subscribers": self._feed.count(Flag.SUBSCRIBE),
            "presenceConnections": self._feed.count(Flag.PRESENCE),
            "presenceMembers": len(self._presence),
            "presenceSubscribers": self._feed.count(Flag.PRESENCE_SUBSCRIBE),
            "objectPublishers": 0,
            "objectSubscribers": 0,
        }

    def announce(self, newcomer: Attachment | None = None) -> None:
        """Tell the numbers to all who asked for them, if they changed, and to a newcomer anyhow."""
        listeners = [attachment for attachment in self._feed if OCCUPANCY in attachment.params]
        if not listeners:
            return
        metrics = self.metrics()
        changed = metrics != self._announced
        self._announced = metrics
        for listener in listeners:
            if changed or listener is newcomer:
                self._tell(listener, metrics)

    def _tell(self, listener: Attachment, metrics: dict[str, int]) -> None:
        category = listener.params[OCCUPANCY].removeprefix("metrics").removeprefix(".")
        wanted = {name: n for name, n in metrics.items() if category in ("", name)}
        now = self._clock.now()
        message = Message(
            id=f"{Origin.rest().base_id}:0",
            name=EVENT,
            payload=Payload(data=compact_json({"metrics": wanted}), encoding="json"),
            timestamp=now,
        )
        listener.tell(
            Frame(action=Action.MESSAGE, channel=self._channel, timestamp=now, messages=(message,))
        )
