"""A pool of workers that share jobs by looking at who is present, with nobody in charge.

    python -m examples.worker_pool --workers 3 --jobs 30

Every worker sees every job and every member, and reckons by itself whose job it is. When a worker
leaves, or its connection is lost, the others see that and take over what it had not done. Workers
may for a moment see different members, so that a job can be done twice: make jobs that bear it.
Shown here: presence as the list of who works, streams to iterate over, acknowledged publishing.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
from typing import Any

from ably_realtime import AblyRealtime
from examples.where import ably_options, run

CHANNEL = "jobs"


def owner(job: str, workers: set[str]) -> str:
    """Whose job it is: when a worker leaves, only its own jobs move (rendezvous hashing)."""
    return max(workers, key=lambda name: hashlib.sha256(f"{job} {name}".encode()).digest())


class Worker:
    """One worker; each would usually be a process of its own."""

    def __init__(self, name: str, leaves_after: int | None = None) -> None:
        self.name = name
        self.leaves_after = leaves_after
        self.workers = {name}
        self.waiting: dict[str, Any] = {}
        self.ready = asyncio.Event()
        self._changed = asyncio.Event()

    async def work(self, options: dict[str, Any]) -> None:
        """Do this worker's share of the jobs, until it leaves or is cancelled."""
        async with AblyRealtime(**options, client_id=self.name) as client:
            channel = client.channels.get(CHANNEL)

            async def look_around(_: object) -> None:
                present = {str(member.client_id) for member in await channel.presence.get()}
                for name in sorted(self.workers - present - {self.name}):
                    print(f"{self.name} sees that {name} left", flush=True)
                self.workers = present | {self.name}
                self._changed.set()

            def take(message: Any) -> None:
                self.waiting[message.data["job"]] = message.data
                self._changed.set()

            await channel.subscribe("created", take)
            await channel.subscribe("done", lambda m: self.waiting.pop(m.data["job"], None))
            await channel.presence.subscribe(look_around)
            await channel.presence.enter()
            self.ready.set()
            done = 0
            while self.leaves_after is None or done < self.leaves_after:
                mine = [job for job in self.waiting if owner(job, self.workers) == self.name]
                if not mine:
                    self._changed.clear()
                    await self._changed.wait()
                    continue
                await asyncio.sleep(0.01)  # the work itself
                self.waiting.pop(mine[0], None)
                await channel.publish("done", {"job": mine[0], "by": self.name})
                done += 1
            print(f"{self.name} leaves", flush=True)


async def pool(workers: int, jobs: int, leaves_after: int, *, local: bool) -> None:
    """Start workers, give them jobs, and wait until every job is done."""
    team = [Worker(f"worker-{n}", leaves_after if n == 1 else None) for n in range(1, workers + 1)]
    async with (
        ably_options(local=local) as options,
        AblyRealtime(**options) as client,
        client.channels.get(CHANNEL).messages("done") as done,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(worker.work(options)) for worker in team]
        for worker in team:
            await worker.ready.wait()
        channel = client.channels.get(CHANNEL)
        await channel.publish([{"name": "created", "data": {"job": f"{n}"}} for n in range(jobs)])
        by: dict[str, str] = {}
        async for message in done:
            by.setdefault(message.data["job"], message.data["by"])
            print(f"{len(by)} of {jobs}: job {message.data['job']} by {message.data['by']}")
            if len(by) == jobs:
                break
        for task in tasks:
            task.cancel()
    shares = {name: list(by.values()).count(name) for name in sorted(set(by.values()))}
    print("all jobs done:", ", ".join(f"{name} did {share}" for name, share in shares.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Share jobs among whoever is present.")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=30)
    parser.add_argument("--leaves-after", type=int, default=3, help="jobs that worker-1 does")
    parser.add_argument("--local", action="store_true", help="start a server, whatever is set")
    given = parser.parse_args()
    run(pool(given.workers, given.jobs, given.leaves_after, local=given.local))
