"""What the server says about itself: events with fields, as lines to read or as NDJSON.

Events go to the logger `ably_local` at level INFO, so a program that runs a `LocalAbly` sees them
once it turns that level on. Only `serve` shows them by itself.
"""

from __future__ import annotations

import datetime
import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ErrorInfo

logger: logging.Logger = logging.getLogger("ably_local")

# A key without its secret stays readable; of tokens and JWTs nothing does. Matching a bit too much
# costs a log nothing.
_SECRET_OF_KEY = re.compile(r"([\w-]+\.[\w-]+):[\w-]+")
_TOKEN = re.compile(r"[\w-]+\.[\w-]{20,}(\.[\w-]*)?")


def log_event(event: str, /, **fields: object) -> None:
    """Log that `event` happened; fields that are None are left out."""
    if logger.isEnabledFor(logging.INFO):
        known = {name: value for name, value in fields.items() if value is not None}
        logger.info(event, extra={"fields": known})


def log_failure(message: str) -> None:
    """Log why the server ends before it should."""
    logger.error("failed", extra={"fields": {"message": message}})


def log_refusal(error: ErrorInfo, **what: object) -> None:
    """Log that a client was refused something. The error may quote what the client sent."""
    log_event("refused", **what, **described(error))


def described(error: ErrorInfo | None) -> dict[str, object]:
    """Return the fields of an event that tell of `error`."""
    if error is None:
        return {}
    return {"code": error.code, "status": error.status_code, "message": redacted(error.message)}


def redacted(text: str) -> str:
    """Return `text` without the secrets that may be in it."""
    return _TOKEN.sub("[token]", _SECRET_OF_KEY.sub(r"\1:[secret]", text))


@contextmanager
def to_terminal(*, as_json: bool) -> Iterator[None]:
    """Show events and warnings until the block ends: NDJSON on stdout, or lines on stderr."""
    handler = logging.StreamHandler(sys.stdout if as_json else sys.stderr)
    handler.setFormatter(_Json() if as_json else _Line())
    level = logger.level
    logger.setLevel(logging.INFO)
    logging.root.addHandler(handler)
    try:
        yield
    finally:
        logging.root.removeHandler(handler)
        logger.setLevel(level)


class _Json(logging.Formatter):
    """One object a line: `time`, `level`, `event`, and the fields of the event beside them.

    What was not logged as an event, such as a warning of a library, is an event `log`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
        }
        fields = getattr(record, "fields", None)
        if fields is None:
            line |= {"event": "log", "logger": record.name, "message": record.getMessage()}
        else:
            line |= {"event": record.getMessage(), **fields}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class _Line(logging.Formatter):
    """The time, what happened, and the fields of the event as `name=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s%(shown)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the traceback where there is one."""
        fields = getattr(record, "fields", {})
        record.shown = "".join(f" {name}={_word(value)}" for name, value in fields.items())
        return super().format(record)


def _word(value: object) -> str:
    """Return a value as one word. What a client sent could otherwise look like a line of ours."""
    text = str(value)
    return text if text.isprintable() and " " not in text else json.dumps(text)
