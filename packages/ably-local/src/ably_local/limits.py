"""The limits the server enforces, and the delays it keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are bytes, durations milliseconds, rates per second."""

    max_message_size: int = 65_536
    max_frame_size: int = 524_288
    max_messages_per_publish: int = 1_000
    max_inbound_rate: int = 100_000
    max_channels_per_connection: int = 20_000
    max_presence_members: int = 50_000
    connection_state_ttl: int = 120_000
    max_idle_interval: int = 15_000
    presence_leave_delay: int = 15_000
    channel_retention: int = 120_000
    token_renewal_notice: int = 30_000
