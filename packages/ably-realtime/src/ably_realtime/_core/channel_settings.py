"""What the application chose for a channel, as the core needs it (TB2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .._wire.cipher import Cipher
from ..states import ChannelMode

NOTHING: Mapping[str, str] = MappingProxyType({})
"""No parameters: what most channels have, and share."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    params: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    modes: frozenset[ChannelMode] = frozenset()
    cipher: Cipher | None = None

    @property
    def flags(self) -> int:
        """The modes as bits of an ATTACH frame (RTL4l)."""
        return sum(mode.value for mode in self.modes)


DEFAULT_SETTINGS = ChannelSettings()
