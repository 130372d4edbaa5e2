// The work of sdk_work.py done by Ably's JavaScript SDK, which the interop tests install.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../tests/interop/package.json', import.meta.url));
const beforeImport = performance.now();
const Ably = require('ably');
const importTime = performance.now() - beforeImport;

const vcdiff = require('@ably/vcdiff-decoder'); // a plugin, which most users don't load

const KEY = Buffer.from(range(32));
const TEXT = 'x'.repeat(64);

const work = {
  async receive({ port, binary, size, batch, count }) {
    const client = await connect(port, binary);
    const countdown = new Countdown(count);
    const began = performance.now();
    await client.channels.get(`flood:${size}:${batch}:${count}`).subscribe(countdown.heard);
    const ended = await countdown.done;
    await close(client);
    return { rate: (count / (ended - began)) * 1e3 };
  },

  async receive_encrypted({ port, size, count }) {
    return receive(port, `encrypted:${size}:${count}`, { cipher: { key: KEY } }, count);
  },

  async receive_deltas({ port, size, count }) {
    return receive(port, `deltas:${size}:${count}`, { params: { delta: 'vcdiff' } }, count);
  },

  async listeners({ port, listeners, count }) {
    const client = await connect(port);
    const countdown = new Countdown(listeners * count);
    const channel = client.channels.get(`flood:64:1:${count}`);
    const began = performance.now();
    await Promise.all(range(listeners).map(() => channel.subscribe(() => countdown.heard())));
    const ended = await countdown.done;
    await close(client);
    return { rate: (listeners * count * 1e3) / (ended - began) };
  },

  async leave_storm({ port, count }) {
    const client = await connect(port);
    const { presence } = client.channels.get(`members:${count}`);
    const countdown = new Countdown(count);
    await presence.subscribe('leave', countdown.heard);
    await presence.get();
    const began = performance.now();
    await client.channels.get(`leaves:${count}`).attach();
    const time = (await countdown.done) - began;
    const left = await presence.get();
    if (left.length !== 0) throw new Error(`${left.length} members are left`);
    await close(client);
    return { time };
  },

  async publish({ port, in_flight: inFlight, count }) {
    const client = await connect(port);
    const channel = client.channels.get('sink');
    await channel.attach();
    const publishInTurn = async () => {
      for (let n = 0; n < count / inFlight; n++) await channel.publish('event', TEXT);
    };
    const began = performance.now();
    await Promise.all(range(inFlight).map(publishInTurn));
    const took = performance.now() - began;
    await close(client);
    return { rate: (count / took) * 1e3 };
  },

  async acknowledge({ port, count }) {
    const client = await connect(port);
    const channel = client.channels.get('prompt');
    await channel.attach();
    const durations = [];
    for (let n = 0; n < count; n++) {
      const began = performance.now();
      await channel.publish('event', TEXT);
      durations.push(performance.now() - began);
    }
    await close(client);
    return percentiles(durations);
  },

  async echo({ port, count }) {
    const client = await connect(port);
    const channel = client.channels.get('echo');
    const durations = [];
    let began;
    let heard;
    await channel.subscribe(() => {
      durations.push(performance.now() - began);
      heard();
    });
    for (let n = 0; n < count; n++) {
      const delivered = new Promise((resolve) => (heard = resolve));
      began = performance.now();
      await channel.publish('event', TEXT);
      await delivered;
    }
    await close(client);
    return percentiles(durations);
  },

  async attach({ port, count }) {
    const client = await connect(port);
    const began = performance.now();
    await Promise.all(range(count).map((n) => client.channels.get(`c:${n}`).attach()));
    const time = performance.now() - began;
    await close(client);
    return { time };
  },

  async channel_memory({ port, count }) {
    const atOnce = 100;
    const client = await connect(port);
    let before;
    for (let first = -10 * atOnce; first < count; first += atOnce) {
      if (first === 0) before = usedBytes();
      await Promise.all(range(atOnce).map((n) => client.channels.get(`c:${first + n}`).attach()));
    }
    const each = (usedBytes() - before) / count;
    await close(client);
    return { each };
  },

  async member_memory({ port, count }) {
    const client = await connect(port);
    await client.channels.get("members:1000").presence.get(); // what all share is there now
    const before = usedBytes();
    await client.channels.get(`members:${count}`).presence.get();
    const each = (usedBytes() - before) / count;
    await close(client);
    return { each };
  },

  async presence({ port, count }) {
    const client = await connect(port);
    const began = performance.now();
    const members = await client.channels.get(`members:${count}`).presence.get();
    const time = performance.now() - began;
    if (members.length !== count) throw new Error(`${members.length} members`);
    await close(client);
    return { time };
  },

  async connect({ port, count }) {
    const durations = [];
    for (let n = 0; n < count; n++) {
      const began = performance.now();
      const client = await connect(port);
      durations.push(performance.now() - began);
      await close(client);
    }
    return { p50: durations.sort((a, b) => a - b)[durations.length >> 1] };
  },

  async client_memory({ port, count }) {
    const clients = [await connect(port)];
    const before = usedBytes();
    for (let n = 0; n < count; n++) clients.push(await connect(port));
    const each = (usedBytes() - before) / count / 1024;
    for (const client of clients) await close(client);
    return { each };
  },

  async import_time() {
    return { total: importTime };
  },

  async reconnect({ port, count }) {
    const client = await connect(port);
    const channels = range(count).map((n) => client.channels.get(`c:${n}`));
    await Promise.all(channels.map((channel) => channel.attach()));
    const connected = new Countdown(1);
    const attached = new Countdown(count);
    client.connection.on('connected', connected.heard);
    for (const channel of channels) channel.on('attached', attached.heard);
    const began = performance.now();
    await client.channels.get('reset').attach();
    const [connectedAt, attachedAt] = await Promise.all([connected.done, attached.done]);
    await close(client);
    return { connected: connectedAt - began, attached: attachedAt - began };
  },
};

class Countdown {
  constructor(count) {
    let left = count;
    this.done = new Promise((resolve) => {
      this.heard = () => {
        left -= 1;
        if (left === 0) resolve(performance.now());
      };
    });
  }
}

async function receive(port, channelName, options, count) {
  const client = await connect(port);
  const countdown = new Countdown(count);
  const began = performance.now();
  await client.channels.get(channelName, options).subscribe(countdown.heard);
  const ended = await countdown.done;
  await close(client);
  return { rate: (count / (ended - began)) * 1e3 };
}

async function connect(port, binary = true) {
  const client = new Ably.Realtime({
    authCallback: (_params, done) => done(null, 'app.any:token'), // it warns about a bare token
    endpoint: 'localhost',
    port,
    tls: false,
    useBinaryProtocol: binary,
    plugins: { vcdiff },
    logHandler: (line) => console.error(line), // its default is standard output
  });
  await new Promise((resolve, reject) => {
    client.connection.once('connected', resolve);
    client.connection.once(['disconnected', 'failed'], ({ reason }) => reject(reason));
  });
  return client;
}

async function close(client) {
  client.close();
  await client.connection.whenState('closed');
}

function range(count) {
  return Array.from({ length: count }, (_, n) => n);
}

function percentiles(milliseconds) {
  const ordered = milliseconds.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => ordered[Math.floor(ordered.length * share)] * 1e3);
  return { p50, p99, 'p99/p50': p99 / p50 };
}

function usedBytes() {
  global.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on('unhandledRejection', (error) => {
  console.error(error);
  process.exit(1);
});

for await (const line of createInterface({ input: process.stdin })) {
  const { do: operation, ...given } = JSON.parse(line);
  global.gc();
  process.stdout.write(JSON.stringify(await work[operation](given)) + '\n');
}
process.exit(0);
