"""`ably-realtime bench`: how fast messages go, and how long they take."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import click
from rich.live import Live
from rich.text import Text

from .._rest import AblyException
from ..channel import Channel
from ..messages import Message
from .follow import Arrivals, for_duration
from .latency import Latencies, histogram
from .output import Output
from .problems import Failure, problem_of
from .session import Session, command_with_session

START, MESSAGE, END = "bench-start", "bench", "bench-end"
IN_FLIGHT = 200
"""Messages sent and not acknowledged yet, at most."""

_REDRAWS = 5
_WIDTH = 76


@dataclass
class Tally:
    """What a run has measured so far."""

    total: int | None
    verb: str
    latencies: Latencies = field(default_factory=Latencies)
    failed: int = 0
    lost: int = 0
    problem: str | None = None
    began: float | None = None
    ended: float | None = None

    def add(self, milliseconds: float) -> None:
        """Count a message that took so long."""
        self.ended = time.perf_counter()
        if self.began is None:
            self.began = self.ended
        self.latencies.add(milliseconds)

    @property
    def rate(self) -> float:
        """Messages a second."""
        if self.began is None or self.ended is None or self.ended <= self.began:
            return 0.0
        return len(self.latencies) / (self.ended - self.began)

    def __rich__(self) -> Text:
        shown = self.latencies.percentiles()
        times = "  ".join(f"{name} {shown[name]:.1f} ms" for name in ("p50", "p99") if shown)
        of = "" if self.total is None else f"/{self.total:,}"
        return Text(f"{self.verb} {len(self.latencies):,}{of}  {self.rate:,.0f}/s  {times}")


@click.group()
def bench() -> None:
    """Measure rates and latencies on a channel."""


@bench.command()
@click.argument("channel_name", metavar="CHANNEL")
@click.option("--messages", "-m", type=click.IntRange(1), default=1000, show_default=True,
              help="How many.")  # fmt: skip
@click.option("--rate", "-r", type=click.FloatRange(0), default=15, show_default=True,
              help="Messages a second; 0 is as fast as possible.")  # fmt: skip
@click.option("--message-size", type=click.IntRange(0), default=100, show_default=True,
              help="Bytes in each.")  # fmt: skip
@click.option("--wait-for-subscribers", is_flag=True, help="Begin when a subscriber is there.")
@command_with_session
async def publisher(
    session: Session,
    channel_name: str,
    messages: int,
    rate: float,
    message_size: int,
    wait_for_subscribers: bool,
) -> None:
    """Publish, and measure the time to the acknowledgement."""
    tally = Tally(messages, "acknowledged")
    async with session.connected() as client:
        channel = client.channels.get(channel_name)
        if wait_for_subscribers:
            session.output.remark("waiting for a subscriber")
            await _wait_for_subscriber(channel)
        with _live(session.output, tally):
            await _publish(channel, messages, rate, "x" * message_size, tally)
    _report(session.output, tally, "acknowledged after")
    if tally.failed:
        raise Failure(f"{tally.failed} of {messages} messages failed: {tally.problem}")


@bench.command()
@click.argument("channel_name", metavar="CHANNEL")
@click.option("--messages", "-m", type=click.IntRange(1), help="End after so many.")
@click.option("--duration", "-D", type=click.FloatRange(0), metavar="SECONDS",
              help="End after this long.")  # fmt: skip
@command_with_session
async def subscriber(
    session: Session, channel_name: str, messages: int | None, duration: float | None
) -> None:
    """Receive what a publisher sends, and measure the time.

    Ends when the publisher does. Sender and receiver read their own clocks: between
    two machines the times include the difference.
    """
    tally = Tally(messages, "received")
    settings = session.settings
    named = settings.client_id is not None or settings.token is not None
    identity = {} if named else {"client_id": f"bench-{uuid.uuid4().hex[:8]}"}
    async with session.connected(**identity) as client:
        channel = client.channels.get(channel_name)
        arrivals = Arrivals[Message](session.output)
        await channel.subscribe([START, MESSAGE, END], arrivals.listener(channel))
        await _be_counted(session, channel)
        session.output.remark(f"waiting for a publisher on {channel_name}; Ctrl-C ends it")
        async with for_duration(duration):
            with _live(session.output, tally):
                await _receive(arrivals, tally, messages)
    _report(session.output, tally, "received after")


async def _publish(
    channel: Channel, messages: int, rate: float, padding: str, tally: Tally
) -> None:
    run = uuid.uuid4().hex
    gap = asyncio.Semaphore(IN_FLIGHT)

    async def one(index: int) -> None:
        sent = time.perf_counter()
        data = {"run": run, "index": index, "sentAt": time.time() * 1000, "padding": padding}
        try:
            await channel.publish(MESSAGE, data)
        except AblyException as error:
            tally.failed += 1
            tally.problem = tally.problem or problem_of(error).line()
        else:
            tally.add((time.perf_counter() - sent) * 1000)
        finally:
            gap.release()

    await channel.publish(START, {"run": run, "messages": messages})
    tally.began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for index in range(messages):
            if rate:
                await asyncio.sleep(tally.began + index / rate - time.perf_counter())
            await gap.acquire()
            group.create_task(one(index))
    with contextlib.suppress(AblyException):  # what failed before has been counted
        await channel.publish(END, {"run": run, "messages": messages})


async def _receive(arrivals: Arrivals[Message], tally: Tally, messages: int | None) -> None:
    run: str | None = None
    async for _, message in arrivals:
        data: dict[str, Any] = message.data if isinstance(message.data, dict) else {}
        if message.name == START and run is None:
            run = data.get("run")
            tally.total = messages or data.get("messages")
        elif message.name == MESSAGE and run in (None, data.get("run")):
            run = data.get("run")
            tally.add(time.time() * 1000 - float(data.get("sentAt", 0)))
        elif message.name == END and run is not None and data.get("run") == run:
            tally.lost = int(data.get("messages", 0)) - len(tally.latencies)
            return
        if messages is not None and len(tally.latencies) >= messages:
            return


async def _wait_for_subscriber(channel: Channel) -> None:
    came = asyncio.Event()
    await channel.presence.subscribe(["enter", "present"], lambda _: came.set())
    if not await channel.presence.get():
        await came.wait()


async def _be_counted(session: Session, channel: Channel) -> None:
    """Enter, for publishers that wait for subscribers."""
    try:
        await channel.presence.enter()
    except AblyException as error:
        why = problem_of(error).line()
        session.output.warn(f"publishers that wait for subscribers will not see this one: {why}")


def _live(output: Output, tally: Tally) -> contextlib.AbstractContextManager[object]:
    """Show the tally on stderr while it changes, if someone is watching."""
    if not output.is_live:
        return contextlib.nullcontext()
    return Live(tally, console=output.stderr, refresh_per_second=_REDRAWS, transient=True)


def _report(output: Output, tally: Tally, what: str) -> None:
    seconds = (tally.ended or 0.0) - (tally.began or 0.0)
    percentiles = tally.latencies.percentiles()
    buckets = tally.latencies.buckets()
    if output.as_json:
        output.record(
            {
                tally.verb: len(tally.latencies),
                "failed": tally.failed,
                "lost": tally.lost,
                "seconds": round(seconds, 3),
                "rate": round(tally.rate, 1),
                "latencyMs": percentiles,
                "histogram": [{"atMostMs": bound, "count": count} for bound, count in buckets],
            }
        )
        return
    output.say(
        f"{tally.verb} {len(tally.latencies):,} messages in {seconds:.1f} s, {tally.rate:,.0f}/s"
    )
    if tally.failed:
        output.say(f"{tally.failed:,} failed", "red")
    if tally.lost > 0:
        output.say(f"{tally.lost:,} did not arrive", "red")
    if percentiles:
        output.say(f"{what}, in ms:")
        output.say("".join(f"{name:>11}" for name in percentiles), "dim")
        output.say("".join(f"{value:>11,.1f}" for value in percentiles.values()))
        for line in histogram(buckets, _WIDTH):
            output.say(line, "cyan")
