"""`ably-realtime channels annotations`: reactions and the like to messages."""

from __future__ import annotations

import click

from ..messages import Annotation
from ..states import ChannelMode
from .follow import Arrivals, for_duration
from .output import Column, data_text
from .pages import every
from .parameters import channel_options, count_option, duration_option, read_data
from .records import annotation_record, clock_time
from .session import Session, command_with_session

_COLUMNS = (
    Column("time", 12, "dim"),
    Column("action", 6, "green"),
    Column("type", 22, "cyan"),
    Column("name", 10),
    Column("data"),
    Column("client", 10, "magenta"),
)


@click.group("annotations")
def annotation_commands() -> None:
    """Annotate messages, and see their annotations."""


@annotation_commands.command()
@click.argument("channel_name", metavar="CHANNEL")
@click.argument("serial")
@click.argument("annotation_type", metavar="TYPE")
@click.option("--name", "-n", help="Which one, such as an emoji.")
@click.option("--count", "-c", type=click.IntRange(1), help="How many, for multiple.v1.")
@click.option("--data", metavar="JSON|TEXT", help="What goes with it.")
@command_with_session
async def publish(
    session: Session,
    channel_name: str,
    serial: str,
    annotation_type: str,
    name: str | None,
    count: int | None,
    data: str | None,
) -> None:
    """Annotate the message with this serial.

    TYPE says how annotations add up, such as reactions:unique.v1.
    """
    annotation = Annotation(type=annotation_type, name=name, count=count, data=read_data(data))
    async with session.connected() as client:
        await client.channels.get(channel_name).annotations.publish(serial, annotation)
    _done(session, channel_name, serial, annotation, "published")


@annotation_commands.command()
@click.argument("channel_name", metavar="CHANNEL")
@click.argument("serial")
@click.argument("annotation_type", metavar="TYPE")
@click.option("--name", "-n", help="Which one, such as an emoji.")
@command_with_session
async def delete(
    session: Session, channel_name: str, serial: str, annotation_type: str, name: str | None
) -> None:
    """Take back an annotation of the message with this serial."""
    annotation = Annotation(type=annotation_type, name=name)
    async with session.connected() as client:
        await client.channels.get(channel_name).annotations.delete(serial, annotation)
    _done(session, channel_name, serial, annotation, "deleted")


@annotation_commands.command()
@click.argument("channel_name", metavar="CHANNEL")
@click.argument("serial")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@command_with_session
async def get(session: Session, channel_name: str, serial: str, limit: int) -> None:
    """Print the annotations of the message with this serial."""
    async with session.client() as client:
        channel = client.channels.get(channel_name)
        page = await channel.annotations.get(serial, {"limit": str(min(limit, 1000))})
        with session.output.progress(beside_results=True) as progress:
            async for annotation in every(page, limit, progress, "annotations"):
                _print(session, channel_name, annotation)


@annotation_commands.command()
@click.argument("channel_name", metavar="CHANNEL")
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only these types.")
@count_option
@duration_option
@command_with_session
async def subscribe(
    session: Session,
    channel_name: str,
    types: tuple[str, ...],
    count: int | None,
    duration: float | None,
) -> None:
    """Print annotations as they arrive, until Ctrl-C."""
    async with session.connected() as client:
        arrivals = Arrivals[Annotation](session.output, count)
        options = channel_options(modes=(ChannelMode.ANNOTATION_SUBSCRIBE,))
        channel = client.channels.get(channel_name, options)
        listener = arrivals.listener(channel)
        if types:
            await channel.annotations.subscribe(list(types), listener)
        else:
            await channel.annotations.subscribe(listener)
        session.output.remark(f"subscribed to annotations on {channel_name}; Ctrl-C ends it")
        async with for_duration(duration):
            async for _, annotation in arrivals:
                _print(session, channel_name, annotation)


def _done(session: Session, channel: str, serial: str, annotation: Annotation, what: str) -> None:
    if session.output.as_json:
        fields = {"channel": channel, "messageSerial": serial, "type": annotation.type}
        session.output.record(fields | ({"name": annotation.name} if annotation.name else {}))
    else:
        session.output.say(f"{what} {annotation.type} on {channel}")


def _print(session: Session, channel: str, annotation: Annotation) -> None:
    if session.output.as_json:
        session.output.record(annotation_record(channel, annotation))
        return
    cells = (
        clock_time(annotation.timestamp),
        annotation.action.name.removeprefix("ANNOTATION_").lower(),
        annotation.type or "-",
        annotation.name or "-",
        data_text(annotation.data),
        annotation.client_id or "-",
    )
    session.output.row(_COLUMNS, cells)
