"""Reaching a server through an HTTP or SOCKS proxy.

Which proxy comes from the `proxy` option or, as for most programs, from the environment
(`HTTPS_PROXY` for wss, `HTTP_PROXY` for ws, `ALL_PROXY`, and `NO_PROXY` for exceptions).
"""

from __future__ import annotations

import socket
from urllib.request import getproxies, proxy_bypass

FROM_ENVIRONMENT = "environment"


class ProxySupportMissing(ConnectionError):
    """A proxy is to be used, and the library that speaks to proxies is not installed."""


def proxy_for(option: str | None, host: str, *, secure: bool) -> str | None:
    """The URL of the proxy to go through, or None to go straight."""
    if option != FROM_ENVIRONMENT:
        return option
    proxies = getproxies()
    proxy = proxies.get("https" if secure else "http") or proxies.get("all")
    return None if proxy is None or proxy_bypass(host) else proxy


async def connect_through(proxy: str, host: str, port: int) -> socket.socket:
    """A socket connected to `host` through the proxy; raises OSError where that fails."""
    try:
        from python_socks import ProxyError
        from python_socks.async_.asyncio import Proxy
    except ImportError:
        raise ProxySupportMissing(
            "a proxy is configured: install 'ably-realtime[proxy]', or pass proxy='' to go straight"
        ) from None
    try:
        return await Proxy.from_url(proxy).connect(host, port)
    except ProxyError as error:
        raise ConnectionError(f"the proxy did not connect to {host}: {error}") from error
    except ValueError:
        raise ConnectionError("the proxy's URL cannot be read") from None
