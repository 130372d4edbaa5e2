"""The lines of standard input, for an event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator

_AHEAD = 1_000
_CHUNK = 65_536


async def stdin_lines() -> AsyncIterator[str]:
    """Each line without its end, as soon as it is there.

    A thread reads, because files, pipes and terminals have no other way of being read in common.
    It reads the descriptor itself and never keeps the process from ending.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)  # whoever writes faster than we publish has to wait

    def hand_over(line: bytes | None) -> None:
        text = None if line is None else line.decode("utf-8", "replace").rstrip("\r\n")
        loop.call_soon_threadsafe(queue.put_nowait, text)

    def read() -> None:
        rest = b""
        try:
            while chunk := os.read(sys.stdin.fileno(), _CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    room.acquire()
                    hand_over(line)
            if rest:
                hand_over(rest)
            hand_over(None)
        except RuntimeError:  # the loop has ended before the input
            return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        room.release()
        yield line
