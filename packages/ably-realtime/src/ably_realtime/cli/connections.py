"""`ably-realtime connections`: whether a connection can be made, and how quick it is."""

from __future__ import annotations

import time

import click

from .latency import Latencies
from .session import Session, command_with_session, identity


@click.group()
def connections() -> None:
    """Try the connection."""


@connections.command()
@click.option("--pings", type=click.IntRange(1), default=5, show_default=True, help="How many.")
@command_with_session
async def test(session: Session, pings: int) -> None:
    """Connect and measure round trips; `doctor` finds out why that fails."""
    began = time.perf_counter()
    async with session.connected() as client:
        took = (time.perf_counter() - began) * 1000
        latencies = Latencies()
        with session.output.progress() as progress:
            task = progress.add_task("pinging", total=pings, rate="")
            for _ in range(pings):
                latencies.add(await client.connection.ping())
                progress.advance(task)
        percentiles = latencies.percentiles()
        if session.output.as_json:
            session.output.record(
                {
                    "host": session.settings.host,
                    "connectionId": client.connection.id,
                    "clientId": client.client_id,
                    "connectMs": round(took, 2),
                    "pingMs": percentiles,
                }
            )
            return
        session.output.say(f"connected to {session.settings.url} in {took:.0f} ms", "green")
        session.output.say(f"connection  {client.connection.id}")
        session.output.say(f"client      {identity(client)}")
        session.output.say(
            f"round trip  {percentiles['p50']:.1f} ms median, {percentiles['max']:.1f} ms "
            f"slowest of {pings}"
        )
