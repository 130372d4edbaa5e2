"""`ably-realtime channels occupancy`: how many use a channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from ..messages import Message
from .follow import Arrivals, for_duration
from .output import Column
from .pages import request
from .parameters import channel_options, count_option, duration_option
from .records import clock_time
from .session import Session, command_with_session

_EVENT = "[meta]occupancy"
_SHORT = {
    "connections": "connections",
    "publishers": "publishers",
    "subscribers": "subscribers",
    "presenceMembers": "members",
}


@click.group()
def occupancy() -> None:
    """See how many use a channel."""


@occupancy.command()
@click.argument("name", metavar="CHANNEL")
@command_with_session
async def get(session: Session, name: str) -> None:
    """Print how many use it now."""
    async with session.client() as client:
        answer = await request(client, "GET", f"/channels/{quote(name, safe='')}")
    metrics = metrics_of(answer.items[0])
    if session.output.as_json:
        session.output.record({"channel": name, "metrics": metrics})
        return
    for metric, number in metrics.items():
        session.output.say(f"{metric:<20}{number:>8}")


@occupancy.command()
@click.argument("name", metavar="CHANNEL")
@count_option
@duration_option
@command_with_session
async def subscribe(session: Session, name: str, count: int | None, duration: float | None) -> None:
    """Print how many whenever that changes, until Ctrl-C."""
    columns = (Column("time", 12, "dim"), *(Column(title, 11) for title in _SHORT.values()))
    async with session.connected() as client:
        arrivals = Arrivals[Message](session.output, count)
        channel = client.channels.get(name, channel_options(occupancy="metrics"))
        await channel.subscribe(_EVENT, arrivals.listener(channel))
        async with for_duration(duration):
            async for _, message in arrivals:
                metrics = _metrics(message.data)
                if session.output.as_json:
                    session.output.record(
                        {"timestamp": message.timestamp, "channel": name, "metrics": metrics}
                    )
                    continue
                numbers = (str(metrics.get(metric, "-")) for metric in _SHORT)
                session.output.row(columns, [clock_time(message.timestamp), *numbers])


def metrics_of(status: Mapping[str, Any]) -> dict[str, int]:
    """The numbers in the details of a channel (CHD2)."""
    return _metrics(status.get("status", {}).get("occupancy"))


def _metrics(data: Any) -> dict[str, int]:
    return dict(data.get("metrics", {})) if isinstance(data, Mapping) else {}
