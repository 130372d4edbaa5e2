// What was published before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, pages } from './support.mjs';

const app = await App.create();
const letters = (items) => items.map(({ data }) => data).join('');

test('history until the attachment leaves out what came later', async () => {
  const publisher = app.rest().channels.get('persisted:until');
  for (const letter of 'abc') await publisher.publish('n', letter);
  const channel = (await app.connected()).channels.get('persisted:until');
  await channel.attach();
  for (const letter of 'de') await publisher.publish('n', letter);
  const before = await channel.history({ untilAttach: true, limit: 2 });
  assert.deepEqual((await pages(before)).map(letters), ['cb', 'a']);
  assert.equal(letters((await channel.history()).items), 'edcba');
});

test('history is read by time, in both directions, page by page', async () => {
  const channel = app.rest().channels.get('persisted:pages');
  for (const letter of 'abcde') await channel.publish('n', letter);
  const forwards = await channel.history({ direction: 'forwards', limit: 2 });
  assert.deepEqual((await pages(forwards)).map(letters), ['ab', 'cd', 'e']);
  const [, second] = (await channel.history({ direction: 'forwards' })).items;
  const since = await channel.history({ start: second.timestamp, direction: 'forwards' });
  assert.ok(since.items.every(({ timestamp }) => timestamp >= second.timestamp));
  assert.ok(letters(since.items).includes('b'));
  const page = await (await channel.history({ limit: 2 })).next();
  assert.equal(letters((await page.first()).items), 'ed');
});
