"""RSC10, RSC15m, RTL6: REST requests through the proxy."""

from __future__ import annotations

import pytest
from ably import AblyException

from tests.faults import FaultProxy
from tests.integration.sandbox import Counted, Sandbox, unique
from tests.uts.realtime.integration.pair import join


@pytest.mark.uts("realtime/proxy/RSC10/token-renewal-on-401-0")
async def test_token_error_renews(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on_request(path="/channels/", times=1).respond(
        401, {"error": {"code": 40142, "statusCode": 401, "message": "Token expired"}}
    )
    callback = Counted(sandbox.token)
    client = sandbox.client(through=proxy, auth_callback=callback)

    await client.rest.channels.get(unique("test-RSC10-token-renewal")).publish("event", "hello")

    assert callback.calls >= 2
    first, second = [request for request in proxy.requests if "/channels/" in request.path]
    assert first.status == 401
    assert second.status in {200, 201}


@pytest.mark.uts("realtime/proxy/RSC15m/http-503-no-fallback-0")
async def test_no_fallback(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on_request(path="/channels/", times=1).respond(
        503,
        {"error": {"code": 50300, "statusCode": 503, "message": "Service temporarily unavailable"}},
    )
    client = sandbox.client(through=proxy, auth_callback=lambda _: sandbox.token())

    with pytest.raises(AblyException) as failed:
        await client.rest.channels.get(unique("test-RSC15m-503-error")).publish("event", "hello")

    assert (failed.value.code, failed.value.status_code) == (50300, 503)
    assert len([request for request in proxy.requests if "/channels/" in request.path]) == 1


@pytest.mark.uts("realtime/proxy/RTL6/publish-history-through-proxy-0")
async def test_publish_and_history(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-RTL6-publish-history")
    side = await join(sandbox, name, through=proxy)
    await side.channel.attach()

    async def auth_callback(_: object) -> str:
        return sandbox.jwt()

    rest = sandbox.rest(through=proxy, auth_callback=auth_callback)

    await side.channel.publish("test-msg", "hello world")
    history = await rest.channels.get(name).history()

    assert [(message.name, message.data) for message in history.items] == [
        ("test-msg", "hello world")
    ]
    assert len(proxy.upgrades) >= 1
    assert len(proxy.requests) >= 1
