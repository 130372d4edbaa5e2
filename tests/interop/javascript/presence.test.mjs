// More members than fit into one frame or one page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App, Inbox, pages } from './support.mjs';

const app = await App.create();
const MEMBERS = Array.from({ length: 250 }, (_, number) => `member-${String(number).padStart(3, '0')}`);

test('two hundred and fifty members', async () => {
  const crowd = (await app.connected()).channels.get('crowd');
  await Promise.all(MEMBERS.map((name) => crowd.presence.enterClient(name, { name })));

  const late = (await app.connected()).channels.get('crowd');
  const members = await late.presence.get();
  assert.deepEqual(members.map(({ clientId }) => clientId).sort(), MEMBERS);
  assert.ok(members.every(({ action, clientId, data }) => action === 'present' && data.name === clientId));
  assert.equal(late.presence.syncComplete, true);

  const rest = app.rest().channels.get('crowd');
  const listed = await pages(await rest.presence.get({ limit: 100 }));
  assert.deepEqual(
    listed.map((items) => items.length),
    [100, 100, 50],
  );
  assert.deepEqual(
    listed
      .flat()
      .map(({ clientId }) => clientId)
      .sort(),
    MEMBERS,
  );

  const left = new Inbox();
  await late.presence.subscribe('leave', left.push);
  await crowd.detach();
  assert.equal((await left.take(MEMBERS.length)).length, 250);
  assert.deepEqual(await late.presence.get(), []);
  const past = await pages(await rest.presence.history({ limit: 300, direction: 'forwards' }));
  assert.deepEqual(
    past.flat().map(({ action }) => action),
    [...MEMBERS.map(() => 'enter'), ...MEMBERS.map(() => 'leave')],
  );
});
