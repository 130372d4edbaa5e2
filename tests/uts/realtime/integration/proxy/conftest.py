"""The same without TLS, and with a proxy in between."""

from tests.integration.conftest import proxy, sandbox

__all__ = ["proxy", "sandbox"]
