/** Puts the parts together: the stream of events, what is there now, the clock, the shortcuts. */

import { listen, request } from "./api.js";
import { byId, setOptions, throttled } from "./dom.js";
import * as faults from "./faults.js";
import * as frames from "./frames.js";
import * as lists from "./lists.js";
import * as messages from "./messages.js";

const REFRESHED_EVERY = 400;
const TICK = 1000;

let clockOffset = 0;

async function refresh() {
  try {
    const [channels, connections] = await Promise.all([
      request("GET", `channels?messages=0&limit=${lists.CAPACITY}&${lists.query()}`),
      request("GET", "connections"),
    ]);
    lists.showChannels(channels);
    lists.showConnections(connections, actOn);
    frames.offer(connections);
  } catch {
    // The stream tells of a server that is gone, and everything is read again when it is back.
  }
}

const refreshSoon = throttled(refresh, REFRESHED_EVERY);

async function startOver({ now }) {
  setClock(now);
  await refresh();
  try {
    const [apps, channels, inForce] = await Promise.all([
      request("GET", "apps"),
      request("GET", "channels?limit=200&messages=20"),
      request("GET", "faults"),
    ]);
    setOptions(byId("publish-app"), apps.map(({ appId }) => [appId, appId]), 0);
    byId("publish-app-field").hidden = apps.length < 2;
    messages.replace(channels);
    faults.show(inForce);
    await frames.reload();
  } catch (error) {
    faults.report(error.message);
  }
}

function actOn(name, { id }) {
  const done = { drop: "The connection is dropped.", stall: "The connection is stalled." };
  faults.attempt(() => request("POST", `connections/${encodeURIComponent(id)}/${name}`), () => done[name]);
}

function setClock(now) {
  clockOffset = now - Date.now();
  tick();
}

function tick() {
  const now = new Date(Date.now() + clockOffset);
  byId("clock-now").dateTime = now.toISOString();
  byId("clock-now").textContent = now.toISOString().replace("T", " ").replace(/\.\d+Z/, " UTC");
}

listen(
  {
    hello: startOver,
    connection: refreshSoon,
    presence: refreshSoon,
    message: (message) => {
      messages.add(message);
      refreshSoon();
    },
    frame: (frame) => {
      frames.add(frame);
      refreshSoon();
    },
    faults: ({ faults: inForce }) => faults.show(inForce),
    lost: refreshSoon,
  },
  (state) => {
    byId("stream-dot").dataset.state = state;
    byId("stream-state").textContent = state === "live" ? "Live" : "Reconnecting";
  },
);

lists.whenFiltered(refreshSoon);
lists.whenSelected((channel) => {
  messages.select(channel);
  frames.select(channel);
  faults.select(channel);
});

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () =>
    faults.attempt(
      () => request("POST", "clock", { advance: Number(button.dataset.advance) }),
      ({ now }) => {
        setClock(now);
        return "The clock is advanced.";
      },
    ),
  );
}
setInterval(tick, TICK);
byId("stream-where").textContent = location.host;

const SHORTCUTS = {
  c: () => byId("channel-filter").focus(),
  p: () => byId(byId("publish-channel").value ? "publish-data" : "publish-channel").focus(),
  m: () => byId("message-list").focus(),
  f: () => byId("frame-text").focus(),
  d: faults.drop,
  r: faults.reset,
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (isTyping && event.key === "Escape") event.target.blur();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const act = byId("shortcuts").checked ? SHORTCUTS[event.key.toLowerCase()] : undefined;
  if (act) {
    event.preventDefault();
    act();
  }
});
