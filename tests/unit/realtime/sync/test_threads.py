from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ably_realtime.sync.threads import CallbackThread, Strand, Tally, Work

PATIENCE = 10.0


def test_a_callback_thread_does_everything_in_order_on_one_thread() -> None:
    thread = CallbackThread()
    done: list[tuple[int, int]] = []
    over = threading.Event()

    def do(number: int) -> None:
        done.append((number, threading.get_ident()))

    for number in range(100):
        thread.submit(partial(do, number))
    thread.submit(over.set)
    assert over.wait(PATIENCE)
    assert [number for number, _ in done] == list(range(100))
    assert len({ident for _, ident in done}) == 1
    thread.end()


def test_a_callback_thread_ends_and_starts_again() -> None:
    thread = CallbackThread()
    threads: list[threading.Thread] = []
    for _ in range(2):
        over = threading.Event()
        thread.submit(lambda: threads.append(threading.current_thread()))
        thread.submit(over.set)
        thread.end()
        assert over.wait(PATIENCE)
        threads[-1].join(PATIENCE)
        assert not threads[-1].is_alive()
    thread.end()
    assert threads[0] is not threads[1]


def test_a_strand_keeps_order_on_many_threads() -> None:
    tally = Tally()
    done: dict[str, list[int]] = {"a": [], "b": []}
    with ThreadPoolExecutor(8) as pool:
        strands = {name: Strand(pool.submit, tally) for name in done}
        for number in range(500):
            for name, strand in strands.items():
                strand.put(partial(done[name].append, number))
        tally.wait(PATIENCE)
    assert done == {"a": list(range(500)), "b": list(range(500))}


def test_a_strand_whose_executor_refuses_has_nothing_left_to_do() -> None:
    def refuse(_: Work) -> object:
        raise RuntimeError("shut down")

    tally = Tally()
    strand = Strand(refuse, tally)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="shut down"):
            strand.put(lambda: None)
    tally.wait(0)
    assert tally.unfinished == 0


def test_what_waits_is_dropped() -> None:
    tally = Tally()
    taken: list[Work] = []
    strand = Strand(taken.append, tally)
    done: list[str] = []
    strand.put(lambda: done.append("late"))
    strand.clear()
    assert tally.unfinished == 0
    taken.pop()()
    strand.put(lambda: done.append("later"))
    taken.pop()()
    assert done == ["later"]


def test_a_call_does_not_wait_for_itself() -> None:
    tally = Tally()
    seen: list[int] = []

    def call() -> None:
        tally.wait(PATIENCE)
        seen.append(tally.unfinished)

    tally.ask()
    tally.run(call)
    assert seen == [1]
    assert tally.unfinished == 0


def test_a_call_that_raises_is_over() -> None:
    def fail() -> None:
        raise LookupError

    tally = Tally()
    tally.ask()
    with pytest.raises(LookupError):
        tally.run(fail)
    assert tally.unfinished == 0
