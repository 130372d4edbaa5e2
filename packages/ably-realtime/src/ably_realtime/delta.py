"""Finding a decoder for message deltas (PC3)."""

from __future__ import annotations

import importlib.util

from ._core.inbound import DeltaDecoder


def default_decoder() -> DeltaDecoder | None:
    """The decoder of the `delta` extra, if that is installed."""
    if importlib.util.find_spec("vcdiff_decoder") is None:
        return None
    return _LazyDecoder()


class _LazyDecoder:
    """Loads the decoder at the first delta."""

    def decode(self, delta: bytes, base: bytes) -> bytes:
        from vcdiff_decoder import decode  # type: ignore[import-untyped]  # it ships no types

        decoded: bytes = decode(base, delta)
        return decoded
