// Messages that change after they were published, and annotations of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Inbox } from './support.mjs';

const app = await App.create();

async function published(channel, message) {
  const { serials } = await channel.publish(message);
  return serials[0];
}

for (const transport of ['rest', 'realtime']) {
  test(`messages are updated, appended to and deleted over ${transport}`, async () => {
    const name = `mutable:${transport}`;
    const received = new Inbox();
    await (await app.connected()).channels.get(name).subscribe(received.push);
    const options = { clientId: 'editor' };
    const client = transport === 'rest' ? app.rest(options) : await app.connected(options);
    const channel = client.channels.get(name);

    const serial = await published(channel, { name: 'draft', data: 'one', extras: { headers: { a: 1 } } });
    const updated = await channel.updateMessage({ serial, data: 'two' }, { description: 'typo' });
    assert.ok(updated.versionSerial > serial);
    await channel.appendMessage({ serial, data: ' three' });
    assert.equal((await channel.getMessage(serial)).data, 'two three');
    await channel.deleteMessage({ serial, data: '' });

    const seen = await received.take(4);
    assert.deepEqual(
      seen.map(({ action, data }) => [action, data]),
      [
        ['message.create', 'one'],
        ['message.update', 'two'],
        ['message.append', ' three'],
        ['message.delete', ''],
      ],
    );
    assert.ok(seen.every((message) => message.serial === serial && message.name === 'draft'));
    assert.deepEqual(seen[1].extras, { headers: { a: 1 } });
    assert.deepEqual([seen[1].version.clientId, seen[1].version.description], ['editor', 'typo']);

    const { items: versions } = await channel.getMessageVersions(serial);
    assert.deepEqual(
      versions.map(({ data }) => data),
      ['one', 'two', 'two three', ''],
    );
    const { items: history } = await channel.history();
    assert.deepEqual(
      history.map(({ action, data }) => [action, data]),
      [['message.delete', '']],
    );
  });
}

test('a message elsewhere cannot be changed', async () => {
  const channel = app.rest().channels.get('fixed');
  const serial = await published(channel, { data: 'one' });
  await assert.rejects(channel.updateMessage({ serial, data: 'two' }), { code: 93002 });
});

test('annotations are published, counted, summarised and deleted', async () => {
  const name = 'mutable:annotated';
  const modes = ['PUBLISH', 'SUBSCRIBE', 'ANNOTATION_PUBLISH', 'ANNOTATION_SUBSCRIBE'];
  const channel = (await app.connected({ clientId: 'alice' })).channels.get(name, { modes });
  const messages = new Inbox();
  const annotations = new Inbox();
  await channel.subscribe(messages.push);
  await channel.annotations.subscribe(annotations.push);
  const serial = await published(channel, { data: 'hello' });
  const message = await messages.next();
  assert.equal(message.serial, serial);

  await channel.annotations.publish(serial, { type: 'reaction:distinct.v1', name: '👍' });
  const annotation = await annotations.next();
  assert.deepEqual(
    [annotation.action, annotation.type, annotation.name, annotation.clientId, annotation.messageSerial],
    ['annotation.create', 'reaction:distinct.v1', '👍', 'alice', serial],
  );
  const summary = await messages.next();
  assert.equal(summary.action, 'message.summary');
  const reactions = summary.annotations.summary['reaction:distinct.v1'];
  assert.deepEqual([reactions['👍'].total, reactions['👍'].clientIds], [1, ['alice']]);

  const bob = app.rest({ clientId: 'bob' }).channels.get(name);
  await bob.annotations.publish(serial, { type: 'reaction:distinct.v1', name: '👍' });
  await annotations.next();
  const both = (await messages.next()).annotations.summary['reaction:distinct.v1']['👍'];
  assert.deepEqual([both.total, [...both.clientIds].sort()], [2, ['alice', 'bob']]);
  const { items } = await bob.annotations.get(serial);
  assert.deepEqual(
    items.map(({ clientId }) => clientId),
    ['alice', 'bob'],
  );

  await channel.annotations.delete(serial, { type: 'reaction:distinct.v1', name: '👍' });
  assert.equal((await annotations.next()).action, 'annotation.delete');
  const left = (await messages.next()).annotations.summary['reaction:distinct.v1']['👍'];
  assert.deepEqual(left.clientIds, ['bob']);
  const latest = await bob.getMessage(serial);
  assert.equal(latest.annotations.summary['reaction:distinct.v1']['👍'].total, 1);
});
