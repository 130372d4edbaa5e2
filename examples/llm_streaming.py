"""Stream the answer of a language model token by token, in one message that grows.

    python -m examples.llm_streaming

The answer is published once and every token appended to it. Whoever watches from the start gets the
tokens; whoever comes late gets, with `rewind`, all there is so far as one message, and then the
tokens that follow; and history holds the whole. No model runs here: the answer is canned. Shown
here: message appends, rewind, `get_message`. On the Ably service the namespace `mutable` needs the
rule "Message annotations, updates, deletes, and appends".
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator

from ably_realtime import AblyRealtime, ChannelOptions, Message, MessageAction
from examples.where import ably_options, run

CHANNEL = "mutable:answers"
ANSWER = (
    "A channel keeps the order in which messages were published . "
    "Everybody who is attached gets them in that order , once each ."
)


async def model(delay: float) -> AsyncIterator[str]:
    """Tokens, as a model would give them."""
    for word in ANSWER.split(" "):
        await asyncio.sleep(delay)
        yield word if word in ",." else f" {word}"


async def answer(client: AblyRealtime, delay: float) -> str:
    """Publish the answer while it comes; returns its serial, by which it is found again."""
    channel = client.channels.get(CHANNEL)
    tokens = model(delay)
    published = await channel.publish("answer", await anext(tokens))
    serial = str(published.serials[0])
    async for token in tokens:
        await channel.append_message(Message(serial=serial, data=token))
    await channel.publish("end")
    return serial


async def watch(client: AblyRealtime, name: str, *, show: bool = False) -> str:
    """Put the answer together as it comes; returns it when it has ended."""
    text = ""
    channel = client.channels.get(CHANNEL, ChannelOptions(params={"rewind": "1"}))
    async with channel.messages() as stream:
        async for message in stream:
            if message.name == "end":
                break
            if message.action is MessageAction.MESSAGE_APPEND:
                text += message.data
            else:  # all there is so far: at the start, for those who come late, after a gap
                if not text:
                    print(f"[{name} begins with {len(message.data)} characters]")
                text = message.data
            if show:
                print(message.data, end="", flush=True)
    return text


async def stream_answer(delay: float, *, local: bool) -> None:
    """One publisher, one who watches from the start, and one who comes late."""
    async with (
        ably_options(local=local) as options,
        AblyRealtime(**options) as server,
        AblyRealtime(**options) as first,
        AblyRealtime(**options) as second,
        asyncio.TaskGroup() as group,
    ):
        early = group.create_task(watch(first, "early", show=True))
        await first.channels.get(CHANNEL).once_async("attached")
        publishing = group.create_task(answer(server, delay))
        await asyncio.sleep(delay * 10)
        late = group.create_task(watch(second, "late"))
        whole = await server.channels.get(CHANNEL).get_message(await publishing)
        print(f"\nboth have the whole: {await early == await late == whole.data}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Stream an answer by appending to a message.")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds between tokens")
    parser.add_argument("--local", action="store_true", help="start a server, whatever is set")
    given = parser.parse_args()
    run(stream_answer(given.delay, local=given.local))
