"""What `--verbose` shows: the client's own log, on stderr, without secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..log import root as log
from .problems import redact
from .settings import Settings


class _Redacting(logging.Formatter):
    def __init__(self, settings: Settings) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._secrets = settings.secrets

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self._secrets)


@contextmanager
def to_stderr(settings: Settings) -> Iterator[None]:
    """Show the log while the block runs."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacting(settings))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
