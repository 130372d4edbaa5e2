"""Deltas in the VCDIFF format (RFC 3284).

No kept library for Python encodes it, and correctness needs little: what two successive messages
have in common at the start and at the end is copied, what lies between is added. Such a delta is
valid for every decoder; it is only not the smallest there could be.
"""

from __future__ import annotations

_HEADER = b"\xd6\xc3\xc4\x00\x00"
_FROM_SOURCE = 1
_ADD = 1
_COPY_FROM_ADDRESS = 19


def encode(source: bytes, target: bytes) -> bytes:
    """Return the delta from which a decoder that has `source` makes `target`."""
    prefix = _common_prefix(source, target)
    suffix = _common_prefix(source[prefix:][::-1], target[prefix:][::-1])
    added = target[prefix : len(target) - suffix]
    instructions, addresses = bytearray(), bytearray()
    if prefix:
        instructions += bytes([_COPY_FROM_ADDRESS]) + _integer(prefix)
        addresses += _integer(0)
    if added:
        instructions += bytes([_ADD]) + _integer(len(added))
    if suffix:
        instructions += bytes([_COPY_FROM_ADDRESS]) + _integer(suffix)
        addresses += _integer(len(source) - suffix)
    body = (
        _integer(len(target))
        + b"\x00"
        + _integer(len(added))
        + _integer(len(instructions))
        + _integer(len(addresses))
        + added
        + instructions
        + addresses
    )
    window = bytes([_FROM_SOURCE]) + _integer(len(source)) + _integer(0)
    return _HEADER + window + _integer(len(body)) + body


def _integer(value: int) -> bytes:
    """Encode an integer in base 128, most significant digit first."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _common_prefix(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
