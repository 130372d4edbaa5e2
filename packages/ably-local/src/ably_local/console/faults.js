/** The buttons that make the server misbehave, and what is in force. */

import { request } from "./api.js";
import { byId, element, showRows } from "./dom.js";
import { selection } from "./lists.js";

const NAMES = {
  refuseConnections: "Connections are refused",
  stall: "Sockets are stalled",
  delayFrames: "Frames are delayed",
  delayAcks: "ACKs are delayed",
  delayRequests: "REST answers are delayed",
  withholdAcks: "ACKs are withheld",
  nack: "Publishes are refused with NACK",
  failRequests: "REST requests fail",
};
const LIMITED_BY_CHANNEL = ["delayFrames", "delayAcks", "delayRequests", "withholdAcks", "nack", "failRequests"];
const CLEARED_AFTER = 5000;

let active = [];
let clearing = null;

/** Says what came of something that the user did. */
export function report(text) {
  byId("toast").textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => {
    byId("toast").textContent = "";
  }, CLEARED_AFTER);
}

/** Does something that may fail, and reports what `done` says of the answer. */
export async function attempt(act, done) {
  try {
    report(done(await act()));
  } catch (error) {
    report(error.message);
  }
}

/** Shows the faults in force. */
export function show(faults) {
  active = faults;
  showRows(byId("fault-list"), faults, ({ id }) => id, (fault) => {
    const { id, type, channel, connectionId, milliseconds, times, struck, error } = fault;
    const details = [
      milliseconds === undefined ? "" : `by ${milliseconds} ms`,
      error === undefined ? "" : `${error.statusCode} (${error.code})`,
      connectionId ? `connection ${connectionId}` : "",
      channel ? `channel ${channel}` : "",
      times === undefined ? "" : `${times - struck} more`,
    ].filter(Boolean);
    return element(
      "li",
      {},
      element(
        "span",
        { className: "what" },
        element("span", { className: "title", textContent: NAMES[type] ?? type }),
        details.length ? element("span", { className: "detail", textContent: details.join(" · ") }) : null,
      ),
      element("button", {
        type: "button",
        textContent: "Lift",
        "data-role": "lift",
        "aria-label": `Lift: ${NAMES[type] ?? type}`,
        onclick: () => attempt(() => request("DELETE", `faults/${id}`), () => "The fault is lifted."),
      }),
    );
  });
  byId("fault-empty").hidden = faults.length > 0;
  for (const button of document.querySelectorAll("[data-fault]")) {
    button.setAttribute("aria-pressed", String(inForce(button.dataset.fault).length > 0));
  }
}

/** Offers to limit faults to this channel. */
export function select(channel) {
  const option = byId("fault-scope-channel");
  option.disabled = channel === null;
  option.textContent = channel === null ? "Selected channel" : channel.name;
  if (channel === null) byId("fault-scope").value = "";
}

export const drop = () => act("drop");
export const reset = () =>
  attempt(() => request("DELETE", "faults"), () => "Every fault is set right.");

/** Those faults of a kind that the button of the kind stands for. */
function inForce(type) {
  return active.filter((fault) => fault.type === type && fault.connectionId === undefined);
}

function limits(type) {
  const times = byId("fault-times").value;
  const isLimited = byId("fault-scope").value === "channel" && LIMITED_BY_CHANNEL.includes(type);
  return {
    ...(times && type !== "stall" ? { times: Number(times) } : {}),
    ...(isLimited && selection() !== null ? { channel: selection().name } : {}),
  };
}

async function set(type, settings = {}) {
  const fault = { type, ...settings, ...limits(type) };
  await attempt(() => request("POST", "faults", fault), () => `${NAMES[type]}.`);
}

async function toggle(type) {
  const lifted = inForce(type);
  if (lifted.length === 0) {
    await set(type);
    return;
  }
  await attempt(
    () => Promise.all(lifted.map(({ id }) => request("DELETE", `faults/${id}`))),
    () => "The fault is lifted.",
  );
}

function act(name) {
  const connections = ({ connectionIds: { length } }) =>
    `${length} connection${length === 1 ? "" : "s"}`;
  switch (name) {
    case "drop":
      return attempt(() => request("POST", "connections/drop"), (all) => `${connections(all)} dropped.`);
    case "forget":
      return attempt(() => request("POST", "connections/forget"), (all) => `${connections(all)} forgotten.`);
    case "disconnect":
      return attempt(() => request("POST", "connections/disconnect"), (all) => `${connections(all)} disconnected.`);
    case "expire":
      return attempt(() => request("POST", "tokens/expire"), () => "Tokens used so far have expired.");
    case "revoke":
      return attempt(() => request("POST", "tokens/revoke"), () => "Tokens used so far are revoked.");
    default: {
      const channel = selection();
      const which = channel === null ? "" : `${encodeURIComponent(channel.name)}/`;
      return attempt(
        () => request("POST", `channels/${which}break-continuity`),
        () => `Continuity is broken on ${channel === null ? "every channel" : channel.name}.`,
      );
    }
  }
}

for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", () => act(button.dataset.act));
}
for (const button of document.querySelectorAll("[data-fault]")) {
  button.addEventListener("click", () => toggle(button.dataset.fault));
}
byId("delay-set").addEventListener("click", () => {
  const milliseconds = byId("delay-ms").valueAsNumber;
  if (Number.isInteger(milliseconds) && milliseconds >= 0) set(byId("delay-kind").value, { milliseconds });
  else report("Milliseconds is a whole number, 0 or more.");
});
byId("fault-reset").addEventListener("click", reset);
