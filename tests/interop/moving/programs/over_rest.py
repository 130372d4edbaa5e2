"""What a realtime client does over REST: history by pages, statistics, time, requests, push.

Prints:
    newest third
    then ['first'] last page True
    stats 1
    time True
    request 200
    pushed
"""

import time

from ably import AblyRealtime


async def main(key, **local):
    async with AblyRealtime(key, **local) as client:
        channel = client.channels.get("over-rest")
        for data in ("first", "second", "third"):
            await channel.publish("event", data)
        page = await channel.history(limit=2)
        print("newest", page.items[0].data)
        following = await page.next()
        print("then", [message.data for message in following.items], end=" ")
        print("last page", following.is_last())

        statistics = await client.stats(unit="hour")
        print("stats", len(statistics.items))
        print("time", abs(await client.time() - time.time() * 1_000) < 600_000)
        print("request", (await client.request("GET", "/time", "3")).status_code)
        await client.push.admin.publish(
            {"clientId": "someone"}, {"notification": {"title": "Hello"}}
        )
        print("pushed")
