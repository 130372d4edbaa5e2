"""A decoder for VCDIFF (RFC 3284), as far as one window with ADD and COPY from the source goes."""

from __future__ import annotations


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def integer(self) -> int:
        value = 0
        while True:
            digit = self.byte()
            value = value << 7 | digit & 0x7F
            if digit < 0x80:
                return value

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def decode(source: bytes, delta: bytes) -> bytes:
    reader = _Reader(delta)
    assert reader.take(5) == b"\xd6\xc3\xc4\x00\x00", "magic number, version and no extras"
    assert reader.byte() == 1, "one window over a source segment"
    assert (reader.integer(), reader.integer()) == (len(source), 0), "which is all of the source"
    assert reader.integer() == len(delta) - reader.at, "the rest is the delta of the window"
    target_length = reader.integer()
    assert reader.byte() == 0, "its sections are not compressed"
    lengths = [reader.integer() for _ in range(3)]
    data, instructions, addresses = (_Reader(reader.take(length)) for length in lengths)
    target = b""
    while instructions.at < lengths[1]:
        code = instructions.byte()
        size = instructions.integer()
        if code == 1:
            target += data.take(size)
        else:
            assert code == 19, "a copy in self mode with a size of its own"
            address = addresses.integer()
            assert address + size <= len(source)
            target += source[address : address + size]
    assert (data.at, addresses.at) == (lengths[0], lengths[2]), "nothing is left over"
    assert len(target) == target_length
    return target
