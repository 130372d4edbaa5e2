"""How many attacks there are: some, the same in every run, or as many as there is time for.

`FUZZ_SECONDS` is the time for all tests of a run together; with it the attacks are new ones.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.fuzz.target import Target

SECONDS = os.environ.get("FUZZ_SECONDS")

settings.register_profile(
    "fuzz",
    max_examples=60 if SECONDS is None else 500,
    derandomize=SECONDS is None,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with Target(tls=request.module.TLS).serving() as target:
        yield target


@pytest.fixture
def keep_attacking(
    request: pytest.FixtureRequest, target: Target
) -> Callable[[Callable[[], None]], None]:
    """Run a property once, or over and over until its share of the time is used up."""

    def attack(test: Callable[[], None]) -> None:
        ends = time.monotonic() + float(SECONDS or 0) / len(request.session.items)
        before = target.attacks
        test()
        while time.monotonic() < ends:
            test()
        count = target.attacks - before
        logging.getLogger("fuzz").info("%s: %d attacks", request.node.name, count)

    return attack
