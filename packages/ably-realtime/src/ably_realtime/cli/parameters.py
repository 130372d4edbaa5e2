"""Kinds of values that several commands take."""

from __future__ import annotations

import datetime
import json
import re
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import click

from ..options import ChannelOptions
from ..states import ChannelMode

Function = TypeVar("Function", bound=Callable[..., Any])


class Decorator(Protocol):
    """What adds an option to a command."""

    def __call__(self, function: Function, /) -> Function:
        """Return the function with the option."""
        ...


_AGO = re.compile(r"(\d+)(ms|s|m|h|d)")
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def moment(text: str) -> int:
    """Milliseconds since the epoch: those, ISO 8601, or how long ago (`5m`, `2h`, `1d`)."""
    if text.isdecimal():
        return int(text)
    if ago := _AGO.fullmatch(text):
        return int(time.time() * 1000) - int(ago[1]) * _UNITS[ago[2]]
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a time, such as 2026-01-31T12:00, 5m or 1d"
        ) from None


count_option: Decorator = click.option(
    "--count", "-c", type=click.IntRange(1), metavar="N", help="End after N."
)
duration_option: Decorator = click.option(
    "--duration", "-D", type=click.FloatRange(0), metavar="SECONDS", help="End after this long."
)
cipher_option: Decorator = click.option(
    "--cipher", metavar="KEY", help="Key of an encrypted channel, in base64."
)


def channel_options(
    *,
    cipher: str | None = None,
    modes: tuple[ChannelMode, ...] = (),
    **params: str | None,
) -> ChannelOptions:
    """Channel options from the options of a command; what is None is left out."""
    given = {name: value for name, value in params.items() if value is not None}
    return ChannelOptions(
        params=given or None,
        modes=modes or None,
        cipher=None if cipher is None else {"key": cipher},
    )


def read_data(text: str | None) -> Any:
    """A payload: a JSON object or array is one, anything else is text."""
    if text is None or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
