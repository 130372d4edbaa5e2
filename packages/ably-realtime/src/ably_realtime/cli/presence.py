"""`ably-realtime channels presence`: who is present on a channel."""

from __future__ import annotations

import click

from ..presence_messages import PresenceMessage
from .follow import Arrivals, for_duration
from .output import Column, data_text
from .parameters import count_option, duration_option, read_data
from .problems import Failure
from .records import clock_time, presence_record
from .session import Session, command_with_session

_COLUMNS = (
    Column("time", 12, "dim"),
    Column("action", 7, "green"),
    Column("client", 20, "magenta"),
    Column("data"),
)


@click.group()
def presence() -> None:
    """See who is present on a channel, and be present."""


@presence.command()
@click.argument("name", metavar="CHANNEL")
@command_with_session
async def get(session: Session, name: str) -> None:
    """Print the members present now."""
    async with session.connected() as client:
        members = await client.channels.get(name).presence.get()
        for member in sorted(members, key=lambda member: member.client_id or ""):
            _print(session, name, member)
        session.output.remark(f"{len(members)} present on {name}")


@presence.command()
@click.argument("name", metavar="CHANNEL")
@count_option
@duration_option
@command_with_session
async def subscribe(session: Session, name: str, count: int | None, duration: float | None) -> None:
    """Print who is there, enters, leaves and updates, until Ctrl-C."""
    async with session.connected() as client:
        arrivals = Arrivals[PresenceMessage](session.output, count)
        channel = client.channels.get(name)
        await channel.presence.subscribe(arrivals.listener(channel))
        session.output.remark(f"subscribed to the presence of {name}; Ctrl-C ends it")
        async with for_duration(duration):
            async for _, member in arrivals:
                _print(session, name, member)


@presence.command()
@click.argument("name", metavar="CHANNEL")
@click.option("--data", metavar="JSON|TEXT", help="What to enter with.")
@click.option("--show-others", is_flag=True, help="Print what other members do.")
@duration_option
@command_with_session
async def enter(
    session: Session, name: str, data: str | None, show_others: bool, duration: float | None
) -> None:
    """Enter a channel, and stay until Ctrl-C; then leave."""
    if session.settings.client_id is None and session.settings.token is None:
        raise Failure("a member needs a client id", "Pass --client-id.")
    async with session.connected() as client:
        channel = client.channels.get(name)
        arrivals = Arrivals[PresenceMessage](session.output)
        listener = arrivals.listener(channel)
        if show_others:
            await channel.presence.subscribe(listener)
        await channel.presence.enter(read_data(data))
        session.output.remark(f"present on {name} as {client.client_id}; Ctrl-C leaves")
        try:
            async with for_duration(duration):
                async for _, member in arrivals:
                    if member.connection_id != client.connection.id:
                        _print(session, name, member)
        finally:
            if client.connection.state == "connected":
                await channel.presence.leave()


def _print(session: Session, channel: str, member: PresenceMessage) -> None:
    if session.output.as_json:
        session.output.record(presence_record(channel, member))
        return
    cells = (
        clock_time(member.timestamp),
        member.action.name.lower(),
        member.client_id or "-",
        data_text(member.data),
    )
    session.output.row(_COLUMNS, cells)
