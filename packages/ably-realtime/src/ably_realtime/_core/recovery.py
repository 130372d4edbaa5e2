"""The recovery key: what a later client needs to continue from here (RTN16)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._wire.secret import Secret


@dataclass(frozen=True, slots=True)
class RecoveryKey:
    """The private connection key, the next message serial, and where each channel stood."""

    connection_key: Secret
    msg_serial: int
    channel_serials: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> str:
        """As text, for `recover=` of another client (RTN16g1)."""
        return json.dumps(
            {
                "connectionKey": self.connection_key.reveal(),
                "msgSerial": self.msg_serial,
                "channelSerials": dict(self.channel_serials),
            }
        )

    @classmethod
    def decode(cls, text: str) -> RecoveryKey:
        """Read what `encode` wrote, or raise ValueError naming the flaw, never the key."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("the recovery key is not JSON") from None
        if not isinstance(value, dict):
            raise ValueError("the recovery key is not a JSON object")
        key, serial = value.get("connectionKey"), value.get("msgSerial")
        channels = value.get("channelSerials", {})
        if not isinstance(key, str) or not key:
            raise ValueError("the recovery key has no connectionKey")
        if not isinstance(serial, int) or isinstance(serial, bool) or serial < 0:
            raise ValueError("the recovery key has no msgSerial")
        if not isinstance(channels, dict) or not all(
            isinstance(position, str) for position in channels.values()
        ):
            raise ValueError("the channelSerials of the recovery key are not texts by channel")
        return cls(Secret(key), serial, channels)
