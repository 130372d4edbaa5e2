"""Each piece of work on `ably-local` that is measured is one that the server does."""

from __future__ import annotations

import os
import sys

import pytest

from ably_local import LocalAbly
from benchmarks.catalogue import Workload
from benchmarks.local import load
from benchmarks.local.catalogue import WORKLOADS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what a process uses is read from /proc"
)
COUNTS = {"publish-rest-x100": 800, "publish-x100": 200}
TRIED = [workload for workload in WORKLOADS if workload.name != "fan-out-200"]  # as fan-out-10


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
@pytest.mark.parametrize("workload", TRIED, ids=lambda workload: workload.name)
async def test_it_is_done_to_the_end(
    workload: Workload, binary: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "IN_USE", 10)
    sizes = {**workload.arguments, "count": COUNTS.get(workload.name, 20)}
    async with LocalAbly() as server:
        address = {"port": server.port, "pid": os.getpid(), "key": server.key}
        operation = getattr(load.LoadWork(), workload.operation)
        measured = await operation(server=address, binary=binary, **sizes)
    assert {measure.key for measure in workload.measures} <= measured.keys()
    if not workload.fresh:  # the memory of so few may fit into what there was before
        assert min(measured.values()) > 0
