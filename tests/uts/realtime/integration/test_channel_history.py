"""RTL10d: history holds what another client has published."""

from __future__ import annotations

import pytest

from tests.integration.sandbox import Sandbox, unique
from tests.uts.realtime.integration.pair import join


@pytest.mark.uts("realtime/integration/RTL10d/history-cross-client-0")
async def test_history_of_another_client(sandbox: Sandbox, binary: bool) -> None:
    """An acknowledged message is in history at once: no polling as the service needs it."""
    name = unique("history-RTL10d")
    publisher = await join(sandbox, name, use_binary_protocol=binary)
    subscriber = await join(sandbox, name, use_binary_protocol=binary)
    await publisher.channel.attach()
    await subscriber.channel.attach()

    for number in (1, 2, 3):
        await publisher.channel.publish(f"event{number}", f"data{number}")
    history = await subscriber.channel.history()

    assert [(message.name, message.data) for message in history.items] == [
        ("event3", "data3"),
        ("event2", "data2"),
        ("event1", "data1"),
    ]
