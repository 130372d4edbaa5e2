// A network that breaks and comes back within the connection state TTL.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Inbox, Network, reached } from './support.mjs';

const app = await App.create();

async function behind(network) {
  return app.connected({ tlsPort: network.port, disconnectedRetryTimeout: 50 });
}

test('messages missed while the socket was gone arrive on resume', async (t) => {
  const network = await Network.create(t);
  const client = await behind(network);
  const publisher = app.rest().channels.get('missed');
  const received = new Inbox();
  const channel = client.channels.get('missed');
  await channel.subscribe(received.push);
  await publisher.publish('n', 'one');
  assert.equal((await received.next()).data, 'one');
  const { id } = client.connection;
  const changes = [];
  channel.on(({ current, resumed }) => changes.push([current, resumed]));

  network.break();
  await reached(client.connection, 'disconnected');
  for (const data of ['two', 'three', 'four']) await publisher.publish('n', data);
  network.restore();
  await reached(client.connection, 'connected');

  assert.deepEqual(
    (await received.take(3)).map(({ data }) => data),
    ['two', 'three', 'four'],
  );
  assert.equal(client.connection.id, id);
  await publisher.publish('n', 'five');
  assert.equal((await received.next()).data, 'five');
  assert.deepEqual(
    changes,
    [
      ['attaching', undefined],
      ['attached', true],
    ],
    'continuity was kept',
  );
});

test('what is published while the socket is gone is sent once it is back, once', async (t) => {
  const network = await Network.create(t);
  const client = await behind(network);
  const channel = client.channels.get('queued');
  await channel.attach();
  network.break();
  await reached(client.connection, 'disconnected');
  const published = ['one', 'two', 'three'].map((data) => channel.publish('n', data));
  network.restore();
  await Promise.all(published);
  const { items } = await app.rest().channels.get('queued').history({ direction: 'forwards' });
  assert.deepEqual(
    items.map(({ data }) => data),
    ['one', 'two', 'three'],
  );
});

test('a member that was cut off for a moment never left', async (t) => {
  const network = await Network.create(t);
  const client = await behind(network);
  const watcher = await app.connected();
  const seen = new Inbox();
  await watcher.channels.get('room').presence.subscribe(seen.push);
  await client.channels.get('room').presence.enterClient('alice', 'here');
  assert.equal((await seen.next()).action, 'enter');
  network.break();
  await reached(client.connection, 'disconnected');
  network.restore();
  await reached(client.connection, 'connected');
  await client.channels.get('room').presence.enterClient('bob');
  const next = await seen.next();
  assert.deepEqual([next.action, next.clientId], ['enter', 'bob']);
});

test('a new client recovers the connection of one that is gone', async (t) => {
  const network = await Network.create(t);
  const client = await behind(network);
  await client.channels.get('recovered').attach();
  const { id } = client.connection;
  const recover = client.connection.createRecoveryKey();
  network.break();
  await reached(client.connection, 'disconnected');
  await app.rest().channels.get('recovered').publish('n', 'missed');
  const heir = app.realtime({ recover });
  const received = new Inbox();
  await heir.channels.get('recovered').subscribe(received.push);
  assert.equal(heir.connection.id, id);
  assert.equal((await received.next()).data, 'missed');
});
