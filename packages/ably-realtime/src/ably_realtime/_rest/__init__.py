"""The seam to the REST SDK: the only package here that imports `ably`.

Everything else takes `ably`'s names from here, so that an upgrade of the REST SDK is a change of
this folder, and a contract test covers each private name that it uses.
"""

from __future__ import annotations

from ably import AblyRest, Auth
from ably.types.authoptions import AuthOptions
from ably.types.tokendetails import TokenDetails
from ably.types.tokenrequest import TokenRequest

from .exceptions import AblyAuthException, AblyException

__all__ = [
    "AblyAuthException",
    "AblyException",
    "AblyRest",
    "Auth",
    "AuthOptions",
    "TokenDetails",
    "TokenRequest",
]
