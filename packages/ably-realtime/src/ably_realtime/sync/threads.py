"""Calls in order on other threads: an executor's, or one of our own."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from queue import SimpleQueue

Work = Callable[[], None]


class CallbackThread:
    """A thread that starts with the first work it gets, and for which no program's end waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._work: SimpleQueue[Work | None] | None = None

    def submit(self, work: Work) -> None:
        """Do `work` after what was submitted before."""
        with self._lock:
            if self._work is None:
                self._work = SimpleQueue()
                threading.Thread(
                    target=_do, args=(self._work,), name="ably-callbacks", daemon=True
                ).start()
            self._work.put(work)

    def end(self) -> None:
        """End the thread after what was submitted; the next work starts another."""
        with self._lock:
            if self._work is not None:
                self._work.put(None)
                self._work = None


def _do(queue: SimpleQueue[Work | None]) -> None:
    while (work := queue.get()) is not None:
        work()


class Tally:
    """Counts the calls that were asked for and have not ended."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.unfinished: int = 0
        self._running = Counter[int]()  # by thread

    def ask(self) -> None:
        """A call was asked for."""
        with self._changed:
            self.unfinished += 1

    def drop(self, count: int) -> None:
        """So many calls will not be made."""
        with self._changed:
            self.unfinished -= count
            self._changed.notify_all()

    def run(self, work: Work) -> None:
        """Make a call, on this thread."""
        thread = threading.get_ident()
        with self._changed:
            self._running[thread] += 1
        try:
            work()
        finally:
            with self._changed:
                self._running[thread] -= 1
                self.unfinished -= 1
                self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait so long for every call but the one that this thread is in."""
        own = self._running[threading.get_ident()]
        with self._changed:
            self._changed.wait_for(lambda: self.unfinished <= own, seconds)


class Strand:
    """Calls in order, one at a time, on whichever thread there is for each."""

    def __init__(self, submit: Callable[[Work], object], tally: Tally) -> None:
        self._submit = submit
        self._tally = tally
        self._lock = threading.Lock()
        self._waiting: deque[Work] = deque()
        self._busy = False

    def put(self, work: Work) -> None:
        """Do `work` after what waits already. Raises what the executor raises."""
        self._tally.ask()
        with self._lock:
            self._waiting.append(work)
            if self._busy:
                return
            self._busy = True
        try:
            self._submit(self._run)
        except BaseException:
            self._busy = False
            self.clear()
            raise

    def clear(self) -> None:
        """Drop what waits."""
        with self._lock:
            dropped = len(self._waiting)
            self._waiting.clear()
        self._tally.drop(dropped)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                work = self._waiting.popleft()
            self._tally.run(work)
