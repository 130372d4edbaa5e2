"""What the facades of one client share."""

from __future__ import annotations

from dataclasses import dataclass

from ._driver.engine import Engine
from ._rest.access import Access
from .metrics import Metrics
from .options import Options


@dataclass(frozen=True, slots=True)
class Context:
    """The engine, the REST half, the options and the metrics of a client."""

    engine: Engine
    access: Access
    options: Options
    metrics: Metrics | None
