// Ably's JavaScript SDK as a peer; peer_process.py describes the lines it reads and writes.

import { createInterface } from 'node:readline';
import vcdiff from '@ably/vcdiff-decoder';
import Ably from 'ably';

let client;

const operations = {
  async connect({ port, client_id: clientId, binary, key, token }) {
    client = new Ably.Realtime({
      ...(token ? { authCallback: (_params, done) => done(null, token) } : { key, useTokenAuth: true }),
      clientId,
      useBinaryProtocol: binary,
      endpoint: 'localhost',
      port,
      tls: false,
      plugins: { vcdiff },
      logHandler: (line) => console.error(line), // its default is standard output
    });
    await new Promise((resolve, reject) => {
      client.connection.once('connected', resolve);
      client.connection.once(['disconnected', 'suspended', 'failed'], ({ reason }) => reject(reason));
    });
    client.connection.on(['disconnected', 'suspended', 'failed'], ({ current, reason }) => {
      say({ lost: { ...describe(reason), state: current } });
    });
    return client.connection.id;
  },

  async configure({ channel, cipher_key: key, params }) {
    await client.channels.get(channel).setOptions({ ...(key && { cipher: { key } }), ...(params && { params }) });
    return null;
  },

  async subscribe({ channel }) {
    await client.channels.get(channel).subscribe((message) => {
      say({
        received: channel,
        message: {
          name: message.name ?? null,
          data: pack(message.data),
          encoding: message.encoding ?? null,
          client_id: message.clientId ?? null,
          connection_id: message.connectionId ?? null,
          serial: message.serial ?? null,
          extras: message.extras ?? null,
        },
      });
    });
    return null;
  },

  async publish({ channel, messages }) {
    const unpacked = messages.map(({ name, data, extras }) => ({
      name: name ?? undefined,
      data: unpack(data),
      extras: extras ?? undefined,
    }));
    return (await client.channels.get(channel).publish(unpacked)).serials;
  },

  async watch({ channel }) {
    await client.channels.get(channel).presence.subscribe((event) => say({ seen: channel, member: member(event) }));
    return null;
  },

  async present({ channel, act, data }) {
    await client.channels.get(channel).presence[act](unpack(data));
    return null;
  },

  async members({ channel }) {
    return (await client.channels.get(channel).presence.get()).map(member);
  },

  async attach({ channel }) {
    await client.channels.get(channel).attach();
    return null;
  },

  async detach({ channel }) {
    await client.channels.get(channel).detach();
    return null;
  },

  async close() {
    client.close();
    await client.connection.whenState('closed');
    return null;
  },
};

function member({ action, clientId, connectionId, data }) {
  return { action, client_id: clientId, connection_id: connectionId, data: pack(data) };
}

function pack(data) {
  if (data === undefined || data === null) return { kind: 'none' };
  if (typeof data === 'string') return { kind: 'text', value: data };
  if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) {
    return { kind: 'binary', value: Buffer.from(data).toString('base64') };
  }
  return { kind: 'json', value: data };
}

function unpack({ kind, value }) {
  if (kind === 'none') return undefined;
  if (kind === 'binary') return Buffer.from(value, 'base64');
  return value;
}

function describe(error) {
  return {
    code: error?.code ?? null,
    status_code: error?.statusCode ?? null,
    message: error?.message ?? String(error),
  };
}

function say(line) {
  process.stdout.write(JSON.stringify(line) + '\n');
}

async function handle(line) {
  const { id, do: operation, ...given } = JSON.parse(line);
  try {
    say({ id, result: await operations[operation](given) });
  } catch (error) {
    say({ id, error: describe(error) });
  }
}

for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => {
    console.error(error);
    say({ failure: describe(error) });
    process.exit(1);
  });
}

createInterface({ input: process.stdin })
  .on('line', handle)
  .on('close', () => process.exit(0));
