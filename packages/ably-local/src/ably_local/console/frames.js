/** The frames that go over the sockets. */

import { request } from "./api.js";
import { byId, element, setOptions, timeOf } from "./dom.js";
import { Log } from "./log.js";

const CAPACITY = 300;
const ACTIONS = [
  "HEARTBEAT", "ACK", "NACK", "CONNECT", "CONNECTED", "DISCONNECT", "DISCONNECTED", "CLOSE",
  "CLOSED", "ERROR", "ATTACH", "ATTACHED", "DETACH", "DETACHED", "PRESENCE", "MESSAGE", "SYNC",
  "AUTH", "ACTIVATE", "OBJECT", "OBJECT_SYNC", "ANNOTATION", "PING", "PONG",
];

let selected = null;
let latest = 0;
const action = byId("frame-action");
const direction = byId("frame-direction");
const connection = byId("frame-connection");
const text = byId("frame-text");

const log = new Log("frame-list", "frame-empty", {
  capacity: CAPACITY,
  make: entry,
  filter: (recorded) =>
    (selected === null || baseOf(recorded.frame.channel) === selected.name) &&
    (!action.value || String(recorded.frame.action) === action.value) &&
    (!direction.value || recorded.direction === direction.value) &&
    (!connection.value || recorded.connectionId === connection.value) &&
    (!text.value || JSON.stringify(recorded.frame).includes(text.value)),
});

/** Shows a frame that has just been recorded. */
export function add(recorded) {
  if (recorded.number <= latest) return;
  latest = recorded.number;
  log.add(recorded);
}

/** Starts over with what the server has recorded. */
export async function reload() {
  const recorded = await request("GET", `frames?limit=${CAPACITY}`);
  latest = recorded.at(-1)?.number ?? 0;
  log.replace(recorded);
}

/** Shows the frames of one channel, or all. */
export function select(channel) {
  selected = channel;
  byId("frame-scope").textContent = channel === null ? "" : channel.name;
  log.redraw();
}

/** Offers these connections to choose from. */
export function offer(connections) {
  setOptions(connection, connections.map(({ id, clientId }) => [id, clientId ? `${clientId} (${id})` : id]));
}

/** The channel behind a name with qualifiers, such as [?rewind=1]orders. */
function baseOf(name) {
  return typeof name === "string" ? name.replace(/^\[(\?|filter=)[^\]]*\]/, "") : name;
}

function entry({ connectionId, direction: way, frame, timestamp }) {
  const name = ACTIONS[frame.action] ?? `action ${frame.action}`;
  const summary = element(
    "summary",
    {},
    element("time", { textContent: timeOf(timestamp) }),
    element("span", { className: "way", textContent: way }),
    element("span", { className: "action", textContent: name }),
    element("span", { className: "channel", textContent: frame.channel ?? "" }),
    element("span", { className: "id", textContent: connectionId }),
  );
  const details = element("details", {}, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) {
      details.append(element("pre", { textContent: JSON.stringify(frame, null, 2) }));
    }
  });
  return element("li", {}, details);
}

setOptions(action, ACTIONS.map((name, number) => [String(number), name]));
for (const filter of [action, direction, connection, text]) {
  filter.addEventListener("input", () => log.redraw());
}
byId("frame-filters").addEventListener("submit", (event) => event.preventDefault());
byId("frame-pause").addEventListener("click", (event) => {
  const isPaused = !log.isPaused;
  event.target.setAttribute("aria-pressed", String(isPaused));
  log.pause(isPaused);
});
byId("frame-clear").addEventListener("click", () => log.replace([]));
