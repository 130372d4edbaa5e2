"""Chat in the terminal: who is here, what was said before, and what is said now.

    python -m examples.chat alice

starts a room on this machine, and says how others join it from another terminal. What you type is
said to everybody; `/who` lists who is here; Ctrl-C or the end of the input leaves. Shown here:
presence, rewind for those who come late, publishing without hearing oneself, and an orderly end.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress

from ably_realtime import AblyRealtime, ChannelOptions, Message, PresenceAction, PresenceMessage
from examples.where import ably_options, how_to_join, run

REWIND = {"rewind": "10"}
"""Who joins is shown the last ten messages."""


def show_message(message: Message) -> None:
    """Print what somebody said."""
    print(f"{message.client_id}: {message.data}", flush=True)


def show_member(member: PresenceMessage) -> None:
    """Print that somebody came or went."""
    verb = "joined" if member.action is PresenceAction.ENTER else "left"
    print(f"* {member.client_id} {verb}", flush=True)


async def typed() -> AsyncIterator[str]:
    """The lines that are typed, until the input ends.

    A thread reads them, so that a line nobody finishes holds up neither others' messages nor the
    end of the program; and without a buffer, whose lock it would hold at that end.
    """
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError):  # the program has ended
            with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as stdin:
                for line in stdin:
                    loop.call_soon_threadsafe(lines.put_nowait, line.decode().strip())
            loop.call_soon_threadsafe(lines.put_nowait, "/quit")

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) != "/quit":
        yield line


async def chat(name: str, room: str, *, local: bool) -> None:
    """Take part in a room until the input ends."""
    async with ably_options(local=local) as options:
        print(f"* others join by: {how_to_join(options)} python -m examples.chat NAME", flush=True)
        async with AblyRealtime(**options, client_id=name, echo_messages=False) as client:
            channel = client.channels.get(f"chat:{room}", ChannelOptions(params=REWIND))
            await channel.subscribe("said", show_message)
            await channel.presence.subscribe(["enter", "leave"], show_member)
            await channel.presence.enter()
            async for line in typed():
                if line == "/who":
                    members = await channel.presence.get()
                    names = sorted(str(member.client_id) for member in members)
                    print(f"* here: {', '.join(names)}", flush=True)
                elif line:
                    await channel.publish("said", line)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Chat in the terminal.")
    parser.add_argument("name", help="who you are")
    parser.add_argument("--room", default="lobby")
    parser.add_argument("--local", action="store_true", help="start a room here, whatever is set")
    arguments = parser.parse_args()
    run(chat(arguments.name, arguments.room, local=arguments.local))
