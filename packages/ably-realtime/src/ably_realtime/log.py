"""The loggers of this package, one for each subject, all below `ably_realtime`.

    ably_realtime.connection   connected, lost, connected again: one line each
    ably_realtime.channel      channels that failed, or may have missed messages
    ably_realtime.auth         tokens and who the client is
    ably_realtime.rest         requests to the REST API
    ably_realtime.listeners    what the application's callbacks raised
    ably_realtime.frames       every frame, at DEBUG

INFO tells the story of a connection; a WARNING is something to act on, an ERROR something that
does not mend by itself. No key, token or payload is in any of them: credentials are `Secret`s,
which redact themselves, and a frame tells only how many items it has.
"""

import logging

root: logging.Logger = logging.getLogger("ably_realtime")
root.addHandler(logging.NullHandler())

connection: logging.Logger = root.getChild("connection")
channel: logging.Logger = root.getChild("channel")
auth: logging.Logger = root.getChild("auth")
rest: logging.Logger = root.getChild("rest")
listeners: logging.Logger = root.getChild("listeners")
metrics: logging.Logger = root.getChild("metrics")
frames: logging.Logger = root.getChild("frames")
