"""What is measured: the work, how much of it, and what this client wants to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Contender(StrEnum):
    """Who does the work."""

    OURS = "ours"
    SPEED = "speed"
    ABLY = "ably"
    ABLY_JS = "ably-js"
    FLOOR = "floor"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Target:
    """How many times better than another client, or how much at most, in the measure's unit."""

    ably: float | None = None
    ably_js: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure that workers report under `key`; {names} in the title are arguments.

    `speed` is the target with the extra of that name, where it is another. `compared` says whether
    more or less of it than another client has means anything.
    """

    key: str
    title: str
    unit: str
    target: Target = field(default_factory=Target)
    compared: bool = True
    speed: Target | None = None

    def target_of(self, contender: Contender) -> Target:
        """What this client is to reach, without or with the extra."""
        if contender is Contender.SPEED and self.speed is not None:
            return self.speed
        return self.target

    @property
    def more_is_better(self) -> bool:
        """Whether it is a rate, and not a cost."""
        return self.unit.endswith("/s")


OURS = (Contender.OURS, Contender.SPEED)
"""This client, without and with the extra."""

SDKS = frozenset({*OURS, Contender.ABLY, Contender.ABLY_JS})
ALL = frozenset(Contender)
Arguments = Mapping[str, int | bool]


@dataclass(frozen=True, slots=True)
class Workload:
    """One piece of work, which every contender does in turn.

    `operation` is the name of the workers' method; `quick` the arguments that differ in a quick
    run. `fresh` asks for a new process each time, where what was done before would show.
    """

    name: str
    operation: str
    arguments: Arguments
    quick: Arguments
    measures: tuple[Measure, ...]
    contenders: frozenset[Contender] = ALL
    fresh: bool = False


def receive(
    name: str,
    what: str,
    target: Target,
    speed: Target | None = None,
    *,
    size: int = 64,
    batch: int = 1,
    binary: bool = True,
) -> Workload:
    """A flood of messages to one listener."""
    count = 20_000 if batch == 1 else 100_000
    return Workload(
        name,
        "receive",
        {"binary": binary, "size": size, "batch": batch, "count": count},
        {"count": count // 2},
        (Measure("rate", what, "msg/s", target, speed=speed),),
    )


def received(name: str, operation: str, what: str, *, size: int) -> Workload:
    """Messages that have to be decoded, one a frame."""
    return Workload(
        name,
        operation,
        {"size": size, "count": 10_000},
        {"count": 5_000},
        (Measure("rate", what, "msg/s"),),
        SDKS,
    )


def publish(
    name: str,
    what: str,
    target: Target,
    speed: Target | None = None,
    *,
    in_flight: int,
    quick: Arguments,
) -> Workload:
    """Messages published without waiting for each."""
    return Workload(
        name,
        "publish",
        {"in_flight": in_flight, "count": 20_000},
        quick,
        (Measure("rate", what, "msg/s", target, speed=speed),),
    )


def round_trip(
    operation: str, what: str, target: Target, tail: Target, speed: Target | None = None
) -> Workload:
    """Messages published one after another; `tail` is how far p99 may be from p50."""
    return Workload(
        operation,
        operation,
        {"count": 2_000},
        {"count": 500},
        (
            Measure("p50", f"{what}, p50", "us", target, speed=speed),
            Measure("p99", f"{what}, p99", "us"),
            Measure("p99/p50", f"{what}, p99/p50", "x", tail, compared=False),
        ),
    )


def timed(
    operation: str,
    what: str,
    target: Target,
    speed: Target | None = None,
    *,
    count: int,
    quick: int,
) -> Workload:
    """Something done to many at once."""
    return Workload(
        f"{operation}-{count}",
        operation,
        {"count": count},
        {"count": quick},
        (Measure("time", what, "ms", target, speed=speed),),
    )


# An allowed share of another's time is written as how many times faster that is.
WORKLOADS = (
    receive("receive-64", "receive 64 B", Target(6, 1.8), Target(20, 6)),
    receive("receive-64-json", "receive 64 B, JSON", Target(), binary=False),
    receive("receive-64-x100", "receive 64 B x100", Target(5, 2.5), Target(10, 5), batch=100),
    receive("receive-4096", "receive 4 KiB", Target(5, 1.8), Target(12, 4), size=4096),
    received("receive-encrypted", "receive_encrypted", "receive 64 B, encrypted", size=64),
    received("receive-deltas", "receive_deltas", "receive 4 KiB, deltas", size=4096),
    Workload(
        "listeners",
        "listeners",
        {"listeners": 1_000, "count": 1_000},
        {"listeners": 100},
        (Measure("rate", "call {listeners:,} listeners", "calls/s"),),
        SDKS,
    ),
    publish(
        "publish-in-flight",
        "publish {in_flight:,} in flight",
        Target(5, 1.5),
        Target(9, 3),
        in_flight=1_000,
        quick={"count": 5_000},
    ),
    publish(
        "publish-at-once",
        "publish {count:,} at once",
        Target(),
        in_flight=20_000,
        quick={"in_flight": 5_000, "count": 5_000},
    ),
    round_trip(
        "acknowledge",
        "publish to ACK",
        Target(1 / 0.55, 1 / 0.9),
        Target(at_most=2.5),
        Target(1 / 0.45, 1 / 0.75),
    ),
    round_trip("echo", "publish to echo", Target(), Target()),
    timed("attach", "attach {count:,} channels", Target(), count=1_000, quick=500),
    timed("attach", "attach {count:,} channels", Target(7, 2.5), count=10_000, quick=2_500),
    Workload(
        "channel-memory",
        "channel_memory",
        {"count": 10_000},
        {"count": 2_000},
        (Measure("each", "memory a channel", "B", Target(at_most=4096)),),
        SDKS,
        fresh=True,
    ),
    timed("presence", "sync {count:,} members", Target(), count=10_000, quick=2_500),
    timed(
        "presence", "sync {count:,} members", Target(3, 3), Target(4, 4), count=20_000, quick=5_000
    ),
    Workload(
        "leave-storm",
        "leave_storm",
        {"count": 10_000},
        {"count": 2_500},
        (Measure("time", "{count:,} members leave", "ms"),),
        SDKS,
    ),
    Workload(
        "member-memory",
        "member_memory",
        {"count": 20_000},
        {"count": 5_000},
        (Measure("each", "memory a member", "B", Target()),),
        SDKS,
        fresh=True,
    ),
    Workload(
        "connect",
        "connect",
        {"count": 30},
        {"count": 10},
        (Measure("p50", "connect, p50", "ms", Target(30, 1)),),
    ),
    Workload(
        "client-memory",
        "client_memory",
        {"count": 50},
        {"count": 20},
        (Measure("each", "memory a client", "KB", Target(at_most=50), speed=Target(at_most=40)),),
        SDKS | {Contender.FLOOR},
        fresh=True,
    ),
    Workload(
        "shared-rest",
        "shared_rest",
        {"count": 500},
        {"count": 100},
        (
            Measure("time", "{count:,} clients, one AblyRest", "ms"),
            Measure("each", "memory, each of these", "KB"),
        ),
        frozenset(OURS),
        fresh=True,
    ),
    Workload(
        "alive",
        "alive",
        {"count": 1_000_000},
        {"count": 100_000},
        (
            Measure("objects", "objects left of {count:,} messages", "", compared=False),
            Measure("memory", "memory left of them", "KB", compared=False),
        ),
        frozenset(OURS),
        fresh=True,
    ),
    Workload(
        "import",
        "import_time",
        {},
        {},
        (
            Measure("total", "import", "ms"),
            Measure("beyond", "import, beyond `ably`", "ms", Target(at_most=60)),
        ),
        SDKS,
        fresh=True,
    ),
    Workload(
        "reconnect",
        "reconnect",
        {"count": 1_000},
        {"count": 300},
        (
            Measure("connected", "reset to resumed", "ms"),
            Measure("attached", "reset to {count:,} attached", "ms"),
        ),
        SDKS,
    ),
)
