"""The console in a real browser, beside real clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, expect

from ably_local import LocalAbly
from ably_realtime import AblyError, AblyRealtime, Channel, Message
from tests.browser import open_browser, require_chromium

# One browser for all, since starting one takes longer than most of the tests.
pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE = 10.0
MARKUP = "<img src=x onerror='window.hacked = true'>"


@dataclass
class Console:
    """The page, and what its browser had to say about it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text)

    @property
    def toast(self) -> Any:
        return self.page.locator("#toast")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser(require_chromium()) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def console(browser: Browser, server: LocalAbly) -> AsyncIterator[Console]:
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    console = Console(page)
    page.on("request", lambda request: console.addresses.append(request.url))
    page.on("pageerror", lambda error: console.complaints.append(str(error)))
    page.on("console", console.hear)
    await page.goto(f"{server.url}/console")
    await expect(page.locator("#stream-state")).to_have_text("Live")
    yield console
    await page.close()


@pytest_asyncio.fixture(loop_scope="module")
async def client(server: LocalAbly) -> AsyncIterator[AblyRealtime]:
    options = server.client_options()
    async with AblyRealtime(**options, client_id="alice", disconnected_retry_timeout=10) as client:
        await client.connection.once_async("connected")
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def orders(client: AblyRealtime) -> Channel:
    channel = client.channels.get("orders")
    await channel.attach()
    return channel


async def test_by_keyboard_a_message_is_published_and_every_client_dropped(
    console: Console, client: AblyRealtime, orders: Channel
) -> None:
    received: asyncio.Queue[Message] = asyncio.Queue()
    await orders.subscribe(received.put)

    await console.press("p")
    await console.type("orders")
    await console.press("Tab")
    await console.type("created")
    await console.press("Tab", "j", "Tab")
    await console.type('{"id": 1}')
    await console.press("Control+Enter")

    message = await asyncio.wait_for(received.get(), PATIENCE)
    assert (message.name, message.data) == ("created", {"id": 1})
    shown = console.page.locator("#message-list > li")
    await expect(shown).to_have_count(1)
    await expect(shown.locator(".name")).to_have_text("created")
    await expect(shown.locator("pre")).to_have_text('{ "id": 1 }')

    connection_id = client.connection.id
    states: list[str] = []
    resumed = asyncio.Event()

    def changed(change: Any) -> None:
        states.append(change.current)
        if change.current == "connected":
            resumed.set()

    client.connection.on(changed)
    await console.press("Escape", "d")
    await expect(console.toast).to_have_text("1 connection dropped.")
    await asyncio.wait_for(resumed.wait(), PATIENCE)
    assert states[0] == "disconnected"
    assert client.connection.id == connection_id
    assert console.complaints == []


async def test_a_button_refuses_publishes_until_it_is_pressed_again(
    console: Console, orders: Channel
) -> None:
    button = console.page.get_by_role("button", name="NACK publishes")
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(console.page.locator("#fault-list")).to_contain_text("refused with NACK")
    with pytest.raises(AblyError) as refused:
        await orders.publish("created")
    assert refused.value.code == 50000
    await button.click()
    await expect(button).to_have_attribute("aria-pressed", "false")
    await expect(console.page.locator("#fault-empty")).to_be_visible()
    await orders.publish("created")


async def test_a_fault_is_limited_to_the_selected_channel_and_a_number_of_times(
    console: Console, server: LocalAbly, orders: Channel
) -> None:
    page = console.page
    await page.locator("#channel-list button").click()
    await page.get_by_label("Concerns").select_option("channel")
    await page.get_by_label("How often").select_option("2")
    await page.get_by_label("What").select_option("delayAcks")
    await page.get_by_label("Milliseconds").fill("250")
    await page.get_by_role("button", name="Delay", exact=True).click()
    await expect(page.locator("#fault-list .detail")).to_have_text(
        "by 250 ms · channel orders · 2 more"
    )
    (fault,) = server.faults.active
    assert (fault.channel, fault.times) == ("orders", 2)
    await page.get_by_role("button", name="Lift: ACKs are delayed").click()
    await expect(page.locator("#fault-empty")).to_be_visible()
    assert server.faults.active == []


async def test_every_other_fault_has_a_button(
    console: Console, server: LocalAbly, client: AblyRealtime, orders: Channel
) -> None:
    page = console.page
    lasting = {
        "Refuse sockets": "refuseConnections",
        "Stall sockets": "stall",
        "Withhold ACKs": "withholdAcks",
        "Fail REST calls": "failRequests",
    }
    for label in lasting:
        await page.get_by_role("button", name=label).click()
        await expect(page.get_by_role("button", name=label)).to_have_attribute(
            "aria-pressed", "true"
        )
    assert [fault.type_name() for fault in server.faults.active] == list(lasting.values())
    await page.get_by_role("button", name="Reset all").click()
    await expect(console.toast).to_have_text("Every fault is set right.")
    assert server.faults.active == []

    before = server.clock.now()
    await page.get_by_role("button", name="Advance the clock by 1 hour").click()
    await expect(console.toast).to_have_text("The clock is advanced.")
    assert server.clock.now() - before >= 3_600_000
    for label, done in {
        "Break continuity": "Continuity is broken on every channel.",
        "Expire tokens": "Tokens used so far have expired.",
        "Revoke tokens": "Tokens used so far are revoked.",
        "Disconnect all": "disconnected.",
        "Forget all": "forgotten.",
    }.items():
        await page.get_by_role("button", name=label).click()
        await expect(console.toast).to_contain_text(done)


async def test_channels_members_and_connections_are_shown_as_they_change(
    console: Console, client: AblyRealtime, orders: Channel
) -> None:
    page = console.page
    await expect(page.locator("#channel-list")).to_contain_text("1 attached")
    await expect(page.locator("#connection-list .title")).to_have_text("alice")
    await orders.presence.enter("here")
    await expect(page.locator("#member-list .detail")).to_have_text("orders · here")
    await orders.presence.leave()
    await expect(page.locator("#member-empty")).to_be_visible()
    await client.close()
    await expect(page.locator("#connection-empty")).to_be_visible()


async def test_channels_are_narrowed_and_faults_count_down(
    console: Console, server: LocalAbly, orders: Channel
) -> None:
    page = console.page
    async with httpx.AsyncClient(base_url=server.url) as http:
        for number in range(250):
            await http.post(f"/control/channels/stock:{number:03}/messages", json={"name": "n"})
    await expect(page.locator("#channel-count")).to_have_text("200 or more")
    await console.press("c")
    await console.type("stock:24")
    await expect(page.locator("#channel-count")).to_have_text("10")
    await expect(page.locator("#channel-list .title").first).to_have_text("stock:240")
    server.faults.withhold_acks(times=2)
    await expect(page.locator("#fault-list .detail")).to_have_text("2 more")
    publishing = asyncio.create_task(orders.publish("created"))
    await expect(page.locator("#fault-list .detail")).to_have_text("1 more")
    server.faults.reset()
    server.faults.drop_connections()
    await publishing


async def test_a_connection_is_dropped_by_its_own_button(
    console: Console, client: AblyRealtime
) -> None:
    dropped = asyncio.Event()
    client.connection.on("disconnected", lambda _: dropped.set())
    await console.page.get_by_role("button", name="Drop connection alice").click()
    await asyncio.wait_for(dropped.wait(), PATIENCE)


async def test_frames_are_filtered_and_opened_by_keyboard(
    console: Console, orders: Channel
) -> None:
    page = console.page
    await orders.publish("created", {"id": 1})
    await orders.publish("paid", {"id": 1})
    rows = page.locator("#frame-list > li")
    await page.get_by_label("Action").select_option(label="MESSAGE")
    await page.get_by_label("Direction").select_option("received")
    await expect(rows).to_have_count(2)
    await console.press("Escape", "f")
    await console.type("paid")
    await expect(rows).to_have_count(1)
    await console.press("Tab", "Tab", "Enter")
    await expect(rows.locator("pre")).to_contain_text('"name": "paid"')


async def test_frames_wait_while_the_list_is_paused(console: Console, orders: Channel) -> None:
    page = console.page
    await expect(page.locator("#frame-list")).to_contain_text("ATTACHED")
    await page.get_by_role("button", name="Pause").click()
    await orders.publish("created")
    await expect(page.locator("#message-list > li")).to_have_count(1)
    assert "MESSAGE" not in await page.locator("#frame-list").inner_text()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("#frame-list")).to_contain_text("MESSAGE")


async def test_data_that_is_no_json_is_refused_beside_the_field(console: Console) -> None:
    page = console.page
    await page.get_by_label("Channel", exact=True).fill("orders")
    await page.get_by_label("Data is").select_option("json")
    await page.get_by_label("Data", exact=True).fill("{")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#publish-error")).to_contain_text("The data is not JSON")
    await expect(page.get_by_label("Data", exact=True)).to_be_focused()
    await page.get_by_label("Data", exact=True).fill("5")
    await page.get_by_label("Channel", exact=True).fill(":orders")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#publish-error")).to_contain_text("invalid channel name")
    await page.get_by_label("Channel", exact=True).fill("orders")
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.locator("#publish-error")).to_be_empty()
    await expect(page.locator("#message-list pre")).to_have_text("5")


async def test_markup_from_clients_stays_text(console: Console, server: LocalAbly) -> None:
    page = console.page
    async with AblyRealtime(**server.client_options(), client_id=MARKUP) as client:
        channel = client.channels.get(MARKUP)
        await channel.presence.enter(MARKUP)
        await channel.publish(MARKUP, MARKUP)
        await page.locator("#channel-list button").click()
        for place in (
            "#channel-list .title",
            "#member-list .title",
            "#connection-list .title",
            "#message-scope",
            "#message-list .name",
            "#message-list pre",
            "#fault-scope-channel",
        ):
            await expect(page.locator(place)).to_have_text(MARKUP)
        await page.locator("#frame-list summary").first.click()
        await expect(page.locator("#frame-list pre")).to_contain_text("<img src=x")
    assert await page.evaluate("window.hacked") is None
    assert await page.evaluate("document.querySelectorAll('main img').length") == 0
    assert console.complaints == []


@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        ("document.body.innerHTML = '<b>x</b>'", "TrustedHTML"),
        ("document.body.setAttribute('onclick', 'window.hacked = true')", "TrustedScript"),
        ("document.createElement('script').src = 'x.js'", "TrustedScriptURL"),
        ("eval('window.hacked = true')", "unsafe-eval|TrustedScript"),
    ],
)
async def test_no_text_becomes_markup_or_a_script(
    console: Console, attempt: str, refused: str
) -> None:
    with pytest.raises(Error, match=refused):
        # In a task of the page's own: what the debugger evaluates is exempt from the policy.
        await console.page.evaluate(f"""
            new Promise((resolve, reject) => setTimeout(() => {{
                try {{ resolve({attempt}); }} catch (error) {{ reject(error); }}
            }}))
        """)


async def test_nothing_is_asked_of_another_server(console: Console, server: LocalAbly) -> None:
    assert console.addresses
    assert [url for url in console.addresses if not url.startswith(f"{server.url}/con")] == []


async def test_a_busy_server_does_not_fill_the_page(console: Console, orders: Channel) -> None:
    page = console.page
    for batch in range(30):
        await orders.publish([Message(name=f"{batch}-{number}") for number in range(100)])
    await expect(page.locator("#message-list .name").first).to_have_text("29-99")
    assert await page.locator("#message-list > li").count() == 200
    await orders.publish("and then")
    await expect(page.locator("#message-list .name").first).to_have_text("and then")
    assert await page.locator("#message-list > li").count() == 200


async def test_new_messages_are_announced_politely(console: Console, orders: Channel) -> None:
    news = console.page.locator("#message-news")
    await expect(news).to_have_attribute("aria-live", "polite")
    await orders.publish("created")
    await expect(news).to_have_text("New message created on orders")
    await orders.publish([Message(name="a"), Message(name="b")])
    await expect(news).to_have_text("2 new messages, the last b on orders")


async def test_the_console_comes_back_with_the_server(browser: Browser) -> None:
    async with LocalAbly() as first:
        page = await browser.new_page()
        await page.goto(f"{first.url}/console")
        await expect(page.locator("#stream-state")).to_have_text("Live")
        await page.get_by_role("button", name="Stall sockets").click()
        await expect(page.locator("#fault-empty")).to_be_hidden()
    await expect(page.locator("#stream-state")).to_have_text("Reconnecting")
    async with LocalAbly(port=first.port):
        await expect(page.locator("#stream-state")).to_have_text("Live", timeout=PATIENCE * 1000)
        await expect(page.locator("#fault-empty")).to_be_visible()
        await page.close()


async def test_shortcuts_leave_typing_alone_and_can_be_turned_off(
    console: Console, server: LocalAbly, client: AblyRealtime
) -> None:
    page = console.page
    await console.press("c")
    await console.type("dr")
    await expect(page.locator("#channel-filter")).to_have_value("dr")
    await console.press("Escape")
    await page.get_by_label("Shortcuts").uncheck()
    await console.press("d")
    await page.get_by_label("Shortcuts").check()
    await console.press("r")
    await expect(console.toast).to_have_text("Every fault is set right.")
    assert [state.is_connected for state in server.connections] == [True]


async def test_every_control_is_reached_by_tab_with_a_name_and_a_visible_focus(
    console: Console, orders: Channel
) -> None:
    page = console.page
    await expect(page.locator("#frame-list > li").first).to_be_visible()
    await expect(page.locator("#connection-list > li")).to_have_count(1)
    wanted = await page.evaluate("""
        [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
            .filter((control) => !control.disabled && control.checkVisibility()).length
    """)
    reached = set[int]()
    for _ in range(wanted + 10):
        await console.press("Tab")
        seen = await page.evaluate("""
            (() => {
                const control = document.activeElement;
                if (control === document.body) return null;
                const labels = [...(control.labels ?? [])].map((label) => label.textContent);
                const by = document.getElementById(control.getAttribute("aria-labelledby"));
                const name = control.getAttribute("aria-label") ?? by?.textContent
                    ?? (labels.join(" ") || control.textContent);
                const { outlineStyle, outlineWidth } = getComputedStyle(control);
                const place = [...document.querySelectorAll("*")].indexOf(control);
                const isControl = control.matches("a, button, input, select, textarea, summary");
                return { name: name.trim(), outlineStyle, outlineWidth, place, isControl };
            })()
        """)
        if seen is not None:
            assert seen["name"], seen
            assert (seen["outlineStyle"], seen["outlineWidth"]) == ("solid", "2px"), seen
            reached |= {seen["place"]} if seen["isControl"] else set()
    assert len(reached) == wanted


@pytest.mark.parametrize("width", [320, 380, 800, 1280])
async def test_nothing_is_wider_than_the_window(
    console: Console, orders: Channel, width: int
) -> None:
    await orders.publish("x" * 300, "y" * 3_000)
    await expect(console.page.locator("#message-list > li")).to_have_count(1)
    await console.page.set_viewport_size({"width": width, "height": 800})
    assert await console.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_the_page_says_what_it_may_do(server: LocalAbly) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        for path in ("/console", "/console/", "/console/console.js", "/console/console.css"):
            response = await http.get(path)
            assert response.status_code == 200
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
            assert "unsafe" not in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        for path in ("/console/nothing", "/console/../faults.py", "/console/%2e%2e/x"):
            assert (await http.get(path)).status_code == 404
