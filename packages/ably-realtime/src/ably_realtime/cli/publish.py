"""`ably-realtime channels publish`: one message, many, or every line of the input."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import click

from .._rest import AblyException
from ..channel import Channel
from ..messages import Message, PublishResult
from .lines import stdin_lines
from .output import Output
from .parameters import channel_options, cipher_option, read_data
from .problems import Failure
from .session import Session, command_with_session

IN_FLIGHT = 200
"""Messages sent and not acknowledged yet: the server's answer is not waited for one by one."""

_FIELDS = {
    "name": "name",
    "data": "data",
    "clientId": "client_id",
    "extras": "extras",
    "id": "id",
    "encoding": "encoding",
}


@click.command()
@click.argument("channel_name", metavar="CHANNEL")
@click.argument("message", required=False)
@click.option("--name", "-n", metavar="EVENT", help="Event name.")
@click.option("--count", "-c", type=click.IntRange(1), default=1, help="Publish it N times.")
@click.option(
    "--delay", "-d", type=click.FloatRange(0), default=40, show_default=True,
    help="Milliseconds between them.",
)  # fmt: skip
@click.option("--json-lines", is_flag=True, help="Each line of the input is JSON.")
@cipher_option
@command_with_session
async def publish(
    session: Session,
    channel_name: str,
    message: str | None,
    name: str | None,
    count: int,
    delay: float,
    json_lines: bool,
    cipher: str | None,
) -> None:
    """Publish MESSAGE, or every line of the input.

    MESSAGE is text or JSON. An object with "data", and otherwise only "name",
    "clientId", "extras", "id" or "encoding", is the whole message; any other is
    its data. {{.Count}} and {{.Timestamp}} are filled in. Without MESSAGE, or
    with "-", each line of the standard input is one message.
    """
    from_input = message in (None, "-")
    if message is None and sys.stdin.isatty():
        session.output.remark("one message a line; Ctrl-D ends it")
    if from_input:
        messages, total = _from_lines(name, as_json=json_lines), None
    else:
        assert message is not None
        messages, total = _repeated(message, name, count, delay / 1000), count
    async with session.connected() as client:
        channel = client.channels.get(channel_name, channel_options(cipher=cipher))
        published = await _publish(channel, messages, total, session.output)
    if not session.output.as_json:
        plural = "" if published == 1 else "s"
        session.output.say(f"published {published} message{plural} to {channel_name}")


async def _publish(
    channel: Channel, messages: AsyncIterator[Message], total: int | None, output: Output
) -> int:
    """Publish in order, and return how many messages that were; raises the first error."""
    sent: asyncio.Queue[asyncio.Future[PublishResult] | None] = asyncio.Queue(IN_FLIGHT)

    async def send() -> None:
        try:
            async for message in messages:
                await sent.put(asyncio.ensure_future(channel.publish(message)))
        finally:
            await sent.put(None)

    published, began = 0, time.monotonic()
    sender = asyncio.ensure_future(send())
    try:
        with output.progress() as progress:
            task = progress.add_task("publishing", total=total, rate="")
            while (answer := await sent.get()) is not None:
                result = await answer
                published += 1
                rate = published / max(time.monotonic() - began, 1e-9)
                progress.update(task, completed=published, rate=f"{rate:,.0f}/s")
                if output.as_json:
                    output.record({"channel": channel.name, "serials": list(result.serials)})
        await sender
    except (AblyException, Failure):
        if published:
            output.warn(f"{published} published before this failed:")
        raise
    finally:
        await _abandon(sender, sent)
    return published


async def _abandon(
    sender: asyncio.Future[None], sent: asyncio.Queue[asyncio.Future[PublishResult] | None]
) -> None:
    """Wait for nothing that is still under way."""
    sender.cancel()
    left: list[asyncio.Future[Any]] = [sender]
    while not sent.empty():
        if (answer := sent.get_nowait()) is not None:
            answer.cancel()
            left.append(answer)
    await asyncio.gather(*left, return_exceptions=True)


async def _repeated(
    text: str, name: str | None, count: int, delay: float
) -> AsyncIterator[Message]:
    for number in range(1, count + 1):
        if number > 1 and delay:
            await asyncio.sleep(delay)
        filled = text.replace("{{.Count}}", str(number))
        filled = filled.replace("{{.Timestamp}}", str(int(time.time() * 1000)))
        yield read_message(read_data(filled), name)


async def _from_lines(name: str | None, *, as_json: bool) -> AsyncIterator[Message]:
    number = 0
    async for line in stdin_lines():
        number += 1
        if not as_json:
            yield read_message(line, name)
        elif line.strip():
            try:
                data = json.loads(line)
            except ValueError as error:
                raise Failure(
                    f"line {number} is not JSON: {error}", "Each line is one JSON value."
                ) from None
            if not isinstance(data, (dict, list, str)):
                raise Failure(
                    f"line {number} is not an object, an array or a string",
                    "Those are what a message can carry.",
                )
            yield read_message(data, name)


def read_message(value: Any, name: str | None) -> Message:
    """The message that a JSON value or a text stands for; `name` is used if it has none."""
    if isinstance(value, dict) and "data" in value and value.keys() <= _FIELDS.keys():
        fields = {_FIELDS[field]: content for field, content in value.items()}
        if fields.get("name") is None:
            fields["name"] = name
        return Message(**fields)
    return Message(name=name, data=value)
