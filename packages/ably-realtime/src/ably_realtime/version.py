"""The version of this package."""

__version__ = "0.1.0"
PROTOCOL_VERSION = 6
"""The version of Ably's wire protocol that this client speaks (CSV2)."""
