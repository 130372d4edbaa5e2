from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ably_local import vcdiff
from tests.integration.local.vcdiff import decode


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (b"abc", b"abc"),
        (b"abc", b"abXc"),
        (b"abc", b"xyz"),
        (b"aaaa", b"aa"),
        (b"aa", b"aaaa"),
        (b"abcabc", b"abc"),
        (b"x" * 300, b"x" * 200 + b"y" + b"x" * 100),
        (bytes(range(256)) * 300, bytes(range(256)) * 299),
    ],
)
def test_a_decoder_restores_the_target(source: bytes, target: bytes) -> None:
    assert decode(source, vcdiff.encode(source, target)) == target


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300), st.binary())
def test_a_decoder_restores_whatever_was_changed(
    before: bytes, removed: bytes, after: bytes, added: bytes
) -> None:
    source, target = before + removed + after, before + added + after
    assert decode(source, vcdiff.encode(source, target)) == target


def test_what_two_messages_share_is_not_sent_again() -> None:
    source = b"x" * 10_000 + b"old" + b"y" * 10_000
    target = b"x" * 10_000 + b"new" + b"y" * 10_000
    assert len(vcdiff.encode(source, target)) < 40
