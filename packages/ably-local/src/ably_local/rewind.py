"""The channel parameter `rewind`: beginning with messages from before the attach."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .channel_params import REWIND, REWIND_LIMIT
from .clock import Clock
from .history import History
from .messages import Message

MAX_COUNT = 100
_UNITS = {"s": 1_000, "m": 60_000}


def rewound(params: Mapping[str, str], history: History, clock: Clock) -> list[Message]:
    """Return the messages to begin with, oldest first, as `rewind` and `rewindLimit` ask.

    `rewind` is a number of messages or a time such as `15s` or `2m`; there are at most 100.
    """
    rewind = params.get(REWIND)
    if rewind is None:
        return []
    limit = min(int(params.get(REWIND_LIMIT, MAX_COUNT)), MAX_COUNT)
    interval = re.fullmatch(r"(\d+)([sm])", rewind)
    if interval is None:
        return history.latest(min(int(rewind), limit))
    since = clock.now() - int(interval[1]) * _UNITS[interval[2]]
    return history.published_since(since)[-limit:] if limit else []
