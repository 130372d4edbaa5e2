"""What the core was configured with, once the options were read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .._wire.secret import Secret
from .inbound import DeltaDecoder
from .recovery import RecoveryKey


@dataclass(frozen=True, slots=True)
class Config:
    """Durations are milliseconds, sizes bytes.

    `query` holds the parameters that every dial sends and `transport_params` those that the
    application adds, which win (RTC1f1). `key` is set for basic authentication. Whether
    there is a way to renew a token is a question: `authorize()` may bring one or take it away.
    """

    primary_host: str
    fallback_hosts: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    transport_params: Mapping[str, str] = field(default_factory=dict)
    key: Secret | None = None
    can_renew_token: Callable[[], bool] = lambda: False
    client_id: str | None = None
    recovery: RecoveryKey | None = None
    queue_messages: bool = True
    max_queued_messages: int = 65_536
    binary: bool = True
    delta_decoder: DeltaDecoder | None = None
    realtime_request_timeout: float = 10_000
    disconnected_retry_timeout: float = 15_000
    suspended_retry_timeout: float = 30_000
    channel_retry_timeout: float = 15_000
    connection_state_ttl: float = 120_000
    max_message_size: int = 65_536
