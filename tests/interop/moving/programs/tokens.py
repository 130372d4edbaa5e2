"""Tokens from a callback: a request to sign, the details of a token, a JWT; and authorize.

Prints:
    token request: connected
    token details: connected
    JWT: connected
    authorized for an hour
"""

import time

import jwt
from ably import AblyRealtime
from ably import AblyRest


async def main(key, **local):
    async with AblyRest(key, **local) as signer:

        async def token_request(*args, **kwargs):
            request = await signer.auth.create_token_request({"client_id": "me"})
            return request.to_dict()

        async def token_details(*args, **kwargs):
            return await signer.auth.request_token({"client_id": "me"})

        async def json_web_token(*args, **kwargs):
            name, secret = key.split(":")
            now = int(time.time())
            claims = {"iat": now, "exp": now + 120, "x-ably-capability": '{"*":["*"]}'}
            return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": name})

        ways = {
            "token request": token_request,
            "token details": token_details,
            "JWT": json_web_token,
        }
        for way, callback in ways.items():
            async with AblyRealtime(auth_callback=callback, **local) as client:
                await client.connection.once_async("connected")
                print(f"{way}: {client.connection.state.value}")

        async with AblyRealtime(key, use_token_auth=True, **local) as client:
            await client.connection.once_async("connected")
            details = await client.auth.authorize(token_params={"ttl": 3_600_000})
            granted = details.expires - details.issued
            print("authorized for", "an hour" if granted == 3_600_000 else granted)
