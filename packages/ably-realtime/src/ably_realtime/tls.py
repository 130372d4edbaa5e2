"""The TLS settings of everything this client opens itself."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def shared_context() -> ssl.SSLContext:
    """Verifies certificates and host names, with TLS 1.2 or later.

    Made once for all clients: it reads every certificate authority of the system.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
