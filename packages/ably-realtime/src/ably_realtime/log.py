"""The logger that everything in this package logs to, or below."""

import logging

log: logging.Logger = logging.getLogger("ably_realtime")
log.addHandler(logging.NullHandler())
