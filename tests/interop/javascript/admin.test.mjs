// What the owner of an app does: push administration, statistics, batches and revocation.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Inbox, pages, reached } from './support.mjs';

const app = await App.create({ keys: [{}, { revocableTokens: true }, { capability: '{"open":["*"]}' }] });

const phone = (id, clientId) => ({
  id,
  clientId,
  platform: 'ios',
  formFactor: 'phone',
  push: { recipient: { transportType: 'ablyChannel', channel: `pushenabled:${id}` } },
});

test('devices are registered, found and removed', async () => {
  const { deviceRegistrations } = app.rest().push.admin;
  for (const [id, clientId] of [
    ['one', 'alice'],
    ['two', 'alice'],
    ['three', 'bob'],
  ]) {
    const saved = await deviceRegistrations.save(phone(id, clientId));
    assert.deepEqual([saved.id, saved.push.state], [id, 'ACTIVE']);
  }
  assert.equal((await deviceRegistrations.get('three')).clientId, 'bob');
  const ids = ({ items }) => items.map(({ id }) => id).sort();
  assert.deepEqual(ids(await deviceRegistrations.list({ clientId: 'alice' })), ['one', 'two']);
  const listed = await pages(await deviceRegistrations.list({ limit: 2 }));
  assert.deepEqual(
    listed.map((items) => items.length),
    [2, 1],
  );
  await deviceRegistrations.remove('one');
  await assert.rejects(deviceRegistrations.get('one'), { code: 40400, statusCode: 404 });
  await deviceRegistrations.removeWhere({ clientId: 'bob' });
  assert.deepEqual(ids(await deviceRegistrations.list({})), ['two']);
  await deviceRegistrations.remove('two');
});

test('channels are subscribed to, and notifications arrive', async () => {
  const { admin } = app.rest().push;
  await admin.deviceRegistrations.save(phone('four', 'carol'));
  await admin.channelSubscriptions.save({ channel: 'pushenabled:news', clientId: 'carol' });
  await admin.channelSubscriptions.save({ channel: 'pushenabled:sport', deviceId: 'four' });
  assert.deepEqual((await admin.channelSubscriptions.listChannels({})).items, [
    'pushenabled:news',
    'pushenabled:sport',
  ]);
  const { items } = await admin.channelSubscriptions.list({ channel: 'pushenabled:sport' });
  assert.deepEqual(
    items.map(({ channel, deviceId }) => [channel, deviceId]),
    [['pushenabled:sport', 'four']],
  );

  const received = new Inbox();
  await (await app.connected()).channels.get('pushenabled:four').subscribe('__ably_push__', received.push);
  const payload = { notification: { title: 'Hello' }, data: { n: 1 } };
  await admin.publish({ deviceId: 'four' }, payload);
  assert.deepEqual(JSON.parse((await received.next()).data), payload);
  await app
    .rest()
    .channels.get('pushenabled:news')
    .publish({ name: 'headline', extras: { push: payload } });
  assert.deepEqual(JSON.parse((await received.next()).data), payload);

  await admin.channelSubscriptions.remove({ channel: 'pushenabled:sport', deviceId: 'four' });
  await admin.channelSubscriptions.removeWhere({ clientId: 'carol' });
  assert.deepEqual((await admin.channelSubscriptions.list({})).items, []);
});

test('statistics are read by unit, page by page', async () => {
  const rest = app.rest();
  const fixtures = [1, 2, 3].map((n) => ({
    intervalId: `2024-02-03:15:0${n}`,
    inbound: { realtime: { messages: { count: n * 10, data: n } } },
  }));
  const answer = await rest.request('POST', '/stats', 3, {}, fixtures, {});
  assert.equal(answer.statusCode, 201);
  const window = { start: Date.UTC(2024, 1, 3, 15), end: Date.UTC(2024, 1, 3, 16), direction: 'forwards' };
  const counts = (items) =>
    items.map(({ intervalId, entries }) => [intervalId.slice(-2), entries['messages.inbound.all.messages.count']]);
  const byMinute = await pages(await rest.stats({ ...window, limit: 2 }));
  assert.deepEqual(byMinute.map(counts), [
    [
      ['01', 10],
      ['02', 20],
    ],
    [['03', 30]],
  ]);
  const [hour] = (await rest.stats({ ...window, unit: 'hour' })).items;
  assert.deepEqual([hour.unit, hour.entries['messages.inbound.all.messages.count']], ['hour', 60]);
});

test('a batch is published on several channels', async () => {
  const received = new Inbox();
  const client = await app.connected();
  await client.channels.get('batch:a').subscribe(received.push);
  const rest = app.rest();
  const one = await rest.batchPublish({ channels: ['batch:a', 'batch:b'], messages: [{ data: '1' }, { data: '2' }] });
  assert.deepEqual([one.successCount, one.failureCount], [2, 0]);
  assert.deepEqual(
    one.results.map(({ channel, serials }) => [channel, serials.length]),
    [
      ['batch:a', 2],
      ['batch:b', 2],
    ],
  );
  assert.deepEqual(
    (await received.take(2)).map(({ data }) => data),
    ['1', '2'],
  );
  const many = await rest.batchPublish([
    { channels: ['batch:a'], messages: [{ data: '3' }] },
    { channels: ['batch:b'], messages: [{ data: '4' }] },
  ]);
  assert.deepEqual(
    many.map(({ successCount }) => successCount),
    [1, 1],
  );
  assert.equal((await received.next()).data, '3');

  const narrow = app.rest({ key: app.keys[2] });
  const partly = await narrow.batchPublish({ channels: ['open', 'closed'], messages: [{ data: '5' }] });
  assert.deepEqual([partly.successCount, partly.failureCount], [1, 1]);
  assert.deepEqual([partly.results[1].channel, partly.results[1].error.code], ['closed', 40160]);
});

test('a batch tells who is present on several channels', async () => {
  const client = await app.connected();
  await client.channels.get('room:a').presence.enterClient('alice', 'here');
  await client.channels.get('room:b').presence.enterClient('bob');
  const { successCount, results } = await app.rest().batchPresence(['room:a', 'room:b', 'room:empty']);
  assert.equal(successCount, 3);
  const found = results.map(({ channel, presence }) => [channel, presence.map(({ clientId }) => clientId)]);
  assert.deepEqual(found, [
    ['room:a', ['alice']],
    ['room:b', ['bob']],
    ['room:empty', []],
  ]);
});

/** The code with which a REST request that bears the token is refused, or null. */
async function refusal(token) {
  const headers = { Authorization: `Bearer ${btoa(token)}` };
  const response = await fetch(new URL('/channels/x/messages', process.env.ABLY_LOCAL_URL), { headers });
  return response.headers.get('X-Ably-ErrorCode');
}

test('revoked tokens end the connections that use them, and no others', async () => {
  const owner = app.rest({ key: app.keys[1] });
  const tokens = [];
  const connect = async (clientId) =>
    app.connected({
      authCallback: (params, done) =>
        owner.auth.requestToken({ clientId }).then((details) => {
          tokens.push(details.token);
          done(null, details);
        }, done),
    });
  const alice = await connect('alice');
  const bob = await connect('bob');
  const lost = [];
  bob.connection.on('disconnected', (change) => lost.push(change));
  const gone = reached(alice.connection, 'disconnected');
  const { successCount, results } = await owner.auth.revokeTokens([{ type: 'clientId', value: 'alice' }]);
  assert.equal(successCount, 1);
  assert.deepEqual([results[0].target, typeof results[0].appliesAt], ['clientId:alice', 'number']);
  assert.deepEqual([(await gone).reason.code, (await gone).reason.statusCode], [40141, 401]);
  await reached(alice.connection, 'connected');
  assert.equal(tokens.length, 3, 'the client asked for a new token');
  const codes = await Promise.all(tokens.map((token) => refusal(token)));
  assert.deepEqual(codes, ['40141', null, null]);
  await bob.connection.ping();
  assert.deepEqual(lost, []);
  await assert.rejects(app.rest().auth.revokeTokens([{ type: 'clientId', value: 'alice' }]), { code: 40163 });
});
