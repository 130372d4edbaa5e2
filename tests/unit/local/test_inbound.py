"""Whatever a client sends, the server answers or ignores it, and can send on what it accepted."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ably_local.clock import Clock
from ably_local.errors import Refusal
from ably_local.formats import Format
from ably_local.frames import Action, Envelope, Received
from ably_local.inbound import REMEMBERED_ANSWERS
from ably_local.limits import Limits
from ably_local.outbox import Outbox
from ably_local.realtime import Dial, Link
from ably_local.service import Service
from ably_local.tokens import TokenRequest

scalars = st.none() | st.booleans() | st.integers(-9, 2**64) | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
names = st.sampled_from(
    ["a", "mutable:a", "[?rewind=1]a", "[meta]a", "[filter=YQ==]a", "", ":a", "[", "a\n"]
)
serials = st.sampled_from(["", "x", "00000000000000-000@x:000", "00000001000000-000@x"])


def items(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists of objects with some of the fields of a message, right or wrong."""
    common: dict[str, st.SearchStrategy[Any]] = {
        "action": st.integers(-1, 7) | values,
        "clientId": st.sampled_from(["alice", "*", "bob", ""]) | values,
        "data": values,
        "encoding": st.sampled_from(["json", "base64", "utf-8/base64", ""]) | values,
        "extras": values,
        "id": st.text(max_size=3) | values,
        "name": values,
        "serial": serials | values,
        "version": values,
    }
    entry = st.fixed_dictionaries({}, optional=common | fields)
    return st.lists(entry | values, max_size=3) | values


frames = st.fixed_dictionaries(
    {"action": st.sampled_from([int(action) for action in Action if action is not Action.CLOSE])},
    optional={
        "auth": values,
        "channel": names | values,
        "channelSerial": serials | values,
        "flags": st.integers(0, 2**26) | values,
        "id": values,
        "msgSerial": st.integers(0, 50) | values,
        "params": st.dictionaries(
            st.sampled_from(["rewind", "delta", "modes", "occupancy", "other"]),
            st.sampled_from(["1", "2m", "vcdiff", "publish", "metrics"]) | values,
            max_size=3,
        )
        | values,
        "messages": items(),
        "presence": items(),
        "annotations": items(
            type=st.sampled_from(["a:distinct.v1", "a:total.v1", "x"]) | values,
            count=values,
            messageSerial=serials | values,
        ),
    },
)


def connected() -> tuple[Service, Link, Outbox]:
    service = Service(Clock(lambda: 1_000_000.0), Limits())
    app = service.apps.add("app")
    key = app.add_key()
    request = TokenRequest.from_wire({"clientId": "alice"})
    token = app.tokens.issue(request, key, authenticated=True).token
    outbox = Outbox()
    link = service.realtime.connect(Dial.parse({"accessToken": token}), outbox, secure=False)
    return service, link, outbox


@settings(max_examples=150, deadline=None)
@given(st.lists(frames | values, max_size=12))
def test_no_frame_breaks_the_server(received: list[Any]) -> None:
    service, link, outbox = connected()
    for body in received:
        with suppress(Refusal):
            link.receive(Received.parse(body))
        service.clock.advance(1)
    service.clock.advance(200_000)
    while (envelope := outbox.take()) is not None:
        assert isinstance(envelope, Envelope)
        for fmt in Format:
            assert isinstance(fmt.decode(envelope.encode(fmt)), dict)


def publish(link: Link, outbox: Outbox, serial: int) -> Any:
    """Publish a message under a serial; return the serial that it got, from the ACK."""
    message = {"name": "event", "data": "x"}
    body = {"action": 15, "channel": "a", "msgSerial": serial, "messages": [message]}
    while outbox.take() is not None:
        pass
    link.receive(Received.parse(body))
    answer = outbox.take()
    assert answer is not None
    assert answer.frame.action is Action.ACK
    return answer.frame.serials


def test_what_is_sent_again_is_answered_as_before_while_the_client_may_resume() -> None:
    service, link, outbox = connected()
    first = publish(link, outbox, 0)
    service.clock.advance(Limits().connection_state_ttl)
    second = publish(link, outbox, 1)
    assert first != second
    assert publish(link, outbox, 0) == first
    assert publish(link, outbox, 1) == second


def test_an_answer_is_forgotten_when_the_client_may_resume_no_more() -> None:
    service, link, outbox = connected()
    first = publish(link, outbox, 0)
    service.clock.advance(Limits().connection_state_ttl + 1)
    second = publish(link, outbox, 1)
    assert publish(link, outbox, 0) not in (first, second)
    assert publish(link, outbox, 1) == second


def test_the_latest_answers_are_remembered_however_many_are_given_at_once() -> None:
    _, link, outbox = connected()
    given = [publish(link, outbox, serial) for serial in range(REMEMBERED_ANSWERS + 1)]
    assert publish(link, outbox, 1) == given[1]
    assert publish(link, outbox, 0) != given[0]
