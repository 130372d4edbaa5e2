"""What is measured of `ably-local`: the work, how much of it, and what it gives."""

from __future__ import annotations

from benchmarks.catalogue import Arguments, Measure, Workload

FAN_OUTS = (1, 10, 200)


def rate(
    name: str, operation: str, arguments: Arguments, quick: Arguments, what: str, each: str
) -> Workload:
    """Work of which as much is done as the server can."""
    return Workload(
        name,
        operation,
        arguments,
        quick,
        (
            Measure("rate", what, f"{each}/s"),
            Measure("cost", "- the server's processor", f"us/{each}"),
            Measure("limit", "- the load alone could", f"{each}/s"),
        ),
    )


def memory(name: str, what: str, *, count: int, quick: int) -> Workload:
    """What one of many adds to the memory of the server."""
    measures = (Measure("each", what, "B"),)
    return Workload(name, name, {"count": count}, {"count": quick}, measures, fresh=True)


WORKLOADS = (
    rate(
        "publish-rest",
        "publish_rest",
        {"batch": 1, "count": 4_000, "at_once": 8},
        {"count": 1_600},
        "publish over REST",
        "msg",
    ),
    rate(
        "publish-rest-x100",
        "publish_rest",
        {"batch": 100, "count": 80_000, "at_once": 8},
        {"count": 16_000},
        "publish over REST, x100",
        "msg",
    ),
    rate(
        "publish",
        "publish",
        {"batch": 1, "count": 20_000, "in_flight": 100},
        {"count": 5_000},
        "publish",
        "msg",
    ),
    rate(
        "publish-x100",
        "publish",
        {"batch": 100, "count": 100_000, "in_flight": 10},
        {"count": 20_000},
        "publish, x100",
        "msg",
    ),
    *(
        rate(
            f"fan-out-{subscribers}",
            "fan_out",
            {"subscribers": subscribers, "count": 40_000, "in_flight": 20},
            {"count": 10_000},
            "deliver to {subscribers:,}",
            "msg",
        )
        for subscribers in FAN_OUTS
    ),
    Workload(
        "latency",
        "latency",
        {"subscribers": 10, "count": 2_000, "each_second": 200},
        {"count": 400},
        (
            Measure("p50", "publish to delivery, p50", "us"),
            Measure("p99", "publish to delivery, p99", "us"),
        ),
    ),
    rate("connect", "connect", {"count": 1_000}, {"count": 200}, "connect", "conn"),
    memory("connection_memory", "memory an idle connection", count=1_000, quick=300),
    memory("channel_memory", "memory an attached channel", count=10_000, quick=5_000),
    memory("message_memory", "memory a retained message", count=10_000, quick=5_000),
)
