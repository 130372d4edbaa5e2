// What the test files share: an app of their own on the server, clients for it, and a bad network.
//
// test_javascript.py starts the server and says in the environment where it is (ABLY_LOCAL_URL) and
// whether clients speak JSON or MessagePack (ABLY_FORMAT).

import { once } from 'node:events';
import net from 'node:net';
import { after, afterEach } from 'node:test';
import Ably from 'ably';

const server = new URL(process.env.ABLY_LOCAL_URL);
const namespaces = [
  { id: 'persisted', persisted: true },
  { id: 'mutable', mutableMessages: true },
  { id: 'pushenabled', pushEnabled: true },
];
const everything = { '*': ['*'] };

/** An app for one test file, deleted at its end. Clients are closed at the end of each test. */
export class App {
  static async create({ keys = [{}] } = {}) {
    const response = await fetch(new URL('/apps', server), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ keys, namespaces }),
    });
    const app = new App(await response.json());
    after(() => app.delete());
    afterEach(() => app.closeClients());
    return app;
  }

  #clients = [];

  constructor({ appId, keys, endpoint, port, tls }) {
    this.id = appId;
    this.keys = keys.map(({ keyStr }) => keyStr);
    this.location = { endpoint, tls, tlsPort: port };
  }

  /** Options of a client that has the first key, or the credentials given. */
  options(given = {}) {
    const brings = ['key', 'token', 'tokenDetails', 'authUrl', 'authCallback'].some((name) => name in given);
    return {
      ...this.location,
      ...(brings ? {} : { key: this.keys[0] }),
      useBinaryProtocol: process.env.ABLY_FORMAT === 'msgpack',
      logHandler: (line) => console.error(line),
      ...given,
    };
  }

  rest(given) {
    return new Ably.Rest(this.options(given));
  }

  realtime(given) {
    const client = new Ably.Realtime(this.options(given));
    this.#clients.push(client);
    return client;
  }

  async connected(given) {
    const client = this.realtime(given);
    await reached(client.connection, 'connected');
    return client;
  }

  async delete() {
    const response = await fetch(new URL(`/apps/${this.id}`, server), {
      method: 'DELETE',
      headers: { Authorization: `Basic ${btoa(this.keys[0])}` },
    });
    if (response.status !== 204) throw new Error(`the app was not deleted: ${await response.text()}`);
  }

  async closeClients() {
    await Promise.all(
      this.#clients.splice(0).map((client) => {
        client.close();
        return client.connection.whenState('closed');
      }),
    );
  }
}

/** Wait for a state, and fail with the reason if the connection fails first. */
export async function reached(connection, state) {
  if (connection.state === state) return null;
  return new Promise((resolve, reject) => {
    connection.once(state, resolve);
    if (state !== 'failed') connection.once('failed', ({ reason }) => reject(reason));
  });
}

/** A TCP proxy in front of the server, whose network can break. */
export class Network {
  static async create(t) {
    const network = new Network();
    network.#listener.listen(0, 'localhost');
    await once(network.#listener, 'listening');
    network.port = network.#listener.address().port;
    t.after(() => network.#close());
    return network;
  }

  #listener = net.createServer((near) => this.#join(near));
  #sockets = new Set();
  #down = false;

  /** Cut every connection, and refuse others until `restore()`. */
  break() {
    this.#down = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore() {
    this.#down = false;
  }

  #join(near) {
    if (this.#down) return near.destroy();
    const far = net.connect(Number(server.port), server.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      this.#sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  #close() {
    this.break();
    this.#listener.close();
  }
}

/** What arrives, in order: `push` it, and `await next()` for what was not taken yet. */
export class Inbox {
  #arrived = [];
  #waiting = [];

  push = (item) => {
    const taker = this.#waiting.shift();
    if (taker) taker(item);
    else this.#arrived.push(item);
  };

  async next() {
    if (this.#arrived.length) return this.#arrived.shift();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async take(count) {
    const items = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }
}

/** A token for a client of the app. */
export async function token(app, params = {}) {
  return app.rest().auth.requestToken({ capability: everything, ...params });
}

/** The items of each page of a paginated result. */
export async function pages(first) {
  const found = [];
  for (let page = first; page; page = await page.next()) found.push(page.items);
  return found;
}
