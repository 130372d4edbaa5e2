/** Live messages, and the box to publish one. */

import { request } from "./api.js";
import { byId, element, throttled, timeOf } from "./dom.js";
import { Log } from "./log.js";

const CAPACITY = 200;
const ANNOUNCED_EVERY = 1500;
const ONE_LINE = 72;
const ACTIONS = ["create", "update", "delete", "meta", "summary", "append"];

let selected = null;
let known = new Set();
let news = [];

const log = new Log("message-list", "message-empty", {
  capacity: CAPACITY,
  make: entry,
  filter: ({ appId, channel }) =>
    selected === null || (selected.appId === appId && selected.name === channel),
});

/** Shows a message that has just been published. */
export function add(message) {
  const key = keyOf(message);
  if (known.has(key)) return;
  known.add(key);
  if (known.size > 4 * CAPACITY) known = new Set([...known].slice(-CAPACITY));
  log.add(message);
  news.push(message);
  announce();
}

/** Starts over with the messages that the channels remember. */
export function replace(channels) {
  const remembered = channels
    .flatMap(({ appId, name, messages }) =>
      messages.map((message) => ({ ...message, appId, channel: name })),
    )
    .sort((one, other) => one.timestamp - other.timestamp);
  known = new Set(remembered.map(keyOf));
  log.replace(remembered);
}

/** Shows the messages of one channel, or of all. */
export function select(channel) {
  selected = channel;
  byId("message-scope").textContent = channel === null ? "All channels" : channel.name;
  if (channel !== null) {
    byId("publish-channel").value = channel.name;
    byId("publish-app").value = channel.appId;
  }
  log.redraw();
}

const announce = throttled(() => {
  const heard = news.filter(log.filter);
  news = [];
  if (heard.length === 0) return;
  const { name, channel } = heard.at(-1);
  const what = heard.length === 1 ? "New message" : `${heard.length} new messages, the last`;
  byId("message-news").textContent = `${what} ${name ?? "without a name"} on ${channel}`;
}, ANNOUNCED_EVERY);

function keyOf({ appId, channel, id, version }) {
  return JSON.stringify([appId, channel, id, version?.serial]);
}

function entry(message) {
  const { action, channel, clientId, name, timestamp } = message;
  return element(
    "li",
    {},
    element(
      "div",
      { className: "meta" },
      name ? element("span", { className: "name", textContent: name }) : null,
      element("span", { className: "channel", textContent: channel }),
      clientId ? element("span", { textContent: `by ${clientId}` }) : null,
      action ? element("span", { textContent: ACTIONS[action] ?? `action ${action}` }) : null,
      element("time", { textContent: timeOf(timestamp) }),
    ),
    element("pre", { textContent: payload(message) }),
  );
}

/** The data as a reader wants it: JSON indented, anything else as it is, with its encoding. */
function payload({ data, encoding }) {
  if (data === undefined || data === null) return "";
  if (typeof data !== "string") return readable(data);
  if (encoding === "json") {
    try {
      return readable(JSON.parse(data));
    } catch {
      return data;
    }
  }
  return encoding ? `${data}\n(${encoding})` : data;
}

/** JSON on one line where it is short, else indented. */
function readable(value) {
  const short = JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
  return short.length <= ONE_LINE ? short : JSON.stringify(value, null, 2);
}

function refuse(message) {
  byId("publish-error").textContent = message;
  byId("publish-data").setAttribute("aria-invalid", String(message !== ""));
}

async function publish(event) {
  event.preventDefault();
  const form = event.target;
  const message = {};
  if (form.elements.name.value) message.name = form.elements.name.value;
  if (form.elements.kind.value === "json") {
    try {
      message.data = JSON.stringify(JSON.parse(form.elements.data.value));
      message.encoding = "json";
    } catch (error) {
      refuse(`The data is not JSON: ${error.message}`);
      form.elements.data.focus();
      return;
    }
  } else if (form.elements.data.value) {
    message.data = form.elements.data.value;
  }
  refuse("");
  const app = byId("publish-app").value;
  const query = app ? `?app=${encodeURIComponent(app)}` : "";
  try {
    await request("POST", `channels/${encodeURIComponent(form.elements.channel.value)}/messages${query}`, message);
  } catch (error) {
    refuse(error.message);
  }
}

const form = byId("publish-form");
form.addEventListener("submit", publish);
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
byId("message-clear").addEventListener("click", () => log.replace([]));
