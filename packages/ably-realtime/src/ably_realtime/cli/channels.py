"""`ably-realtime channels`: what is sent on channels, and who is there."""

from __future__ import annotations

import click

from ..messages import Message
from .annotations import annotation_commands
from .follow import Arrivals, for_duration
from .occupancy import metrics_of, occupancy
from .output import Column, data_text
from .pages import every, request
from .parameters import (
    channel_options,
    cipher_option,
    count_option,
    duration_option,
    moment,
)
from .presence import presence
from .publish import publish
from .records import clock_time, date_time, message_record
from .session import Session, command_with_session


@click.group()
def channels() -> None:
    """Publish, subscribe, and look at what is on channels."""


channels.add_command(publish)
channels.add_command(presence)
channels.add_command(occupancy)
channels.add_command(annotation_commands)


@channels.command()
@click.argument("names", metavar="CHANNEL...", nargs=-1, required=True)
@click.option("--name", "-n", "events", metavar="EVENT", multiple=True, help="Only these events.")
@click.option("--rewind", metavar="N|TIME", help="Begin with the last N, or those since 2m ago.")
@click.option("--delta", is_flag=True, help="Receive differences between messages (vcdiff).")
@cipher_option
@count_option
@duration_option
@command_with_session
async def subscribe(
    session: Session,
    names: tuple[str, ...],
    events: tuple[str, ...],
    rewind: str | None,
    delta: bool,
    cipher: str | None,
    count: int | None,
    duration: float | None,
) -> None:
    """Print messages as they arrive, until Ctrl-C."""
    options = channel_options(cipher=cipher, rewind=rewind, delta="vcdiff" if delta else None)
    columns = _columns("time", 12, names)
    async with session.connected() as client:
        arrivals = Arrivals[Message](session.output, count)
        for name in dict.fromkeys(names):
            channel = client.channels.get(name, options)
            listener = arrivals.listener(channel)
            if events:
                await channel.subscribe(list(events), listener)
            else:
                await channel.subscribe(listener)
        session.output.remark(f"subscribed to {', '.join(dict.fromkeys(names))}; Ctrl-C ends it")
        async with for_duration(duration):
            async for channel, message in arrivals:
                _print(session, columns, channel.name, message, clock_time(message.timestamp))


@channels.command()
@click.argument("name", metavar="CHANNEL")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@click.option(
    "--direction",
    type=click.Choice(["backwards", "forwards"]),
    default="backwards",
    show_default=True,
    help="Newest or oldest first.",
)
@click.option(
    "--start", type=moment, metavar="TIME", help="From then on: ISO 8601, ms since 1970, or 5m ago."
)
@click.option("--end", type=moment, metavar="TIME", help="Up to then.")
@cipher_option
@command_with_session
async def history(
    session: Session,
    name: str,
    limit: int,
    direction: str,
    start: int | None,
    end: int | None,
    cipher: str | None,
) -> None:
    """Print messages published before, newest first."""
    columns = _columns("time", 23, (name,))
    async with session.client() as client:
        channel = client.channels.get(name, channel_options(cipher=cipher))
        page = await channel.history(
            start=start, end=end, direction=direction, limit=min(limit, 1000)
        )
        with session.output.progress(beside_results=True) as progress:
            async for message in every(page, limit, progress, "messages"):
                _print(session, columns, name, message, date_time(message.timestamp))


@channels.command("list")
@click.option("--prefix", metavar="TEXT", help="Only channels whose names begin so.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@command_with_session
async def list_channels(session: Session, prefix: str | None, limit: int) -> None:
    """List the channels that are in use."""
    params = {"by": "value", "limit": str(min(limit, 1000))} | (
        {"prefix": prefix} if prefix else {}
    )
    columns = (
        Column("channel", 36, "cyan"),
        Column("connections", 11),
        Column("subscribers", 11),
        Column("members", 7),
    )
    async with session.client() as client:
        page = await request(client, "GET", "/channels", params)
        with session.output.progress(beside_results=True) as progress:
            async for status in every(page, limit, progress, "channels"):
                if session.output.as_json:
                    session.output.record(status)
                    continue
                metrics = metrics_of(status)
                counts = ("connections", "subscribers", "presenceMembers")
                cells = [str(metrics.get(count, "")) for count in counts]
                session.output.row(columns, [str(status.get("channelId", "")), *cells])


def _columns(time: str, width: int, names: tuple[str, ...]) -> tuple[Column, ...]:
    return (
        Column(time, width, "dim"),
        Column("channel", min(16, max(7, *map(len, names))), "cyan"),
        Column("event", 12, "green"),
        Column("data"),
        Column("client", 10, "magenta"),
    )


def _print(
    session: Session, columns: tuple[Column, ...], channel: str, message: Message, time: str
) -> None:
    if session.output.as_json:
        session.output.record(message_record(channel, message))
        return
    cells = (
        time,
        channel,
        message.name or "-",
        _data(message),
        message.client_id or "-",
    )
    session.output.row(columns, cells)


def _data(message: Message) -> str:
    """The payload, marked where it could not be decoded or the message is not a new one."""
    text = data_text(message.data)
    if message.action is not None and message.action.name not in ("MESSAGE_CREATE", "META"):
        text = f"[{message.action.name.removeprefix('MESSAGE_').lower()}] {text}".rstrip()
    return f"{text} [{message.encoding}]" if message.encoding else text
