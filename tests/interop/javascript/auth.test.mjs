// Tokens that come from somewhere else: from an authUrl or an authCallback.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { App, reached, token } from './support.mjs';

const app = await App.create();

/** A web server of the user's, that answers each request with what `answer` returns. */
async function authServer(t, answer) {
  const requests = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    const [type, text] = await answer(requests.length);
    response.setHeader('Content-Type', type).end(text);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://localhost:${server.address().port}/auth`, requests };
}

function jwt(claims = {}) {
  const [name, secret] = app.keys[0].split(':');
  const now = Math.floor(Date.now() / 1000);
  const parts = [
    { typ: 'JWT', alg: 'HS256', kid: name },
    { iat: now, exp: now + 600, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const text = parts.join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const json = async (value) => ['application/json', JSON.stringify(await value)];
const ways = {
  'token details': () => json(token(app, { clientId: 'alice' })),
  'a token request': () => json(app.rest().auth.createTokenRequest({ clientId: 'alice' })),
  'a token': async () => ['text/plain', (await token(app, { clientId: 'alice' })).token],
  'a JWT': () => ['application/jwt', jwt({ 'x-ably-clientId': 'alice' })],
};

for (const [what, answer] of Object.entries(ways)) {
  test(`an authUrl returns ${what}`, async (t) => {
    const { url, requests } = await authServer(t, answer);
    const client = await app.connected({ authUrl: url });
    await client.channels.get('orders').publish('created', 'one');
    assert.equal(client.auth.clientId, 'alice');
    assert.deepEqual(
      requests.map(({ method, url }) => [method, url]),
      [['GET', '/auth']],
    );
    const { items } = await client.channels.get('orders').history({ limit: 1 });
    assert.equal(items[0].clientId, 'alice');
    assert.equal(requests.length, 1, 'one token serves the connection and REST');
  });
}

test('an authUrl is posted the parameters and headers it needs', async (t) => {
  const { url, requests } = await authServer(t, ways['token details']);
  await app.connected({
    authUrl: url,
    authMethod: 'POST',
    authParams: { session: 'abc' },
    authHeaders: { 'X-Session': 'abc' },
  });
  const [{ method, headers, body }] = requests;
  assert.equal(method, 'POST');
  assert.equal(headers['x-session'], 'abc');
  assert.equal(new URLSearchParams(body).get('session'), 'abc');
});

test('an authCallback provides tokens, and another one when the first has expired', async () => {
  let calls = 0;
  const client = await app.connected({
    authCallback: async (params, done) => {
      calls += 1;
      // Only the first expires within the test. A JWT hides that from the client.
      const life = calls === 1 ? { exp: Math.floor(Date.now() / 1000) + 2 } : {};
      done(null, jwt(life));
    },
  });
  const { id } = client.connection;
  const { reason } = await reached(client.connection, 'disconnected');
  assert.deepEqual([reason.code, reason.statusCode], [40142, 401]);
  await reached(client.connection, 'connected');
  assert.equal(client.connection.id, id);
  assert.equal(calls, 2);
});

test('authorize() renews the token in place', async () => {
  const client = await app.connected({ authCallback: (params, done) => token(app).then((t) => done(null, t), done) });
  const { id } = client.connection;
  const before = client.auth.tokenDetails.token;
  const updated = new Promise((resolve) => client.connection.once('update', resolve));
  await client.auth.authorize();
  await updated;
  assert.notEqual(client.auth.tokenDetails.token, before);
  assert.equal(client.connection.id, id);
});

test('a token that cannot be renewed serves until it expires', async () => {
  const client = await app.connected({ tokenDetails: await token(app, { ttl: 1000 }) });
  await client.channels.get('orders').publish('created', 'one');
  const { reason } = await reached(client.connection, 'disconnected');
  assert.equal(reason.code, 40142);
  assert.equal((await reached(client.connection, 'failed')).reason.code, 40171);
});

test('a token that is not recognised is refused', async () => {
  const client = app.realtime({ token: `${app.id}.unknown` });
  const { reason } = await reached(client.connection, 'failed');
  assert.equal(reason.code, 40171);
});
