/** The channels, members and connections there are now. */

import { byId, element, showRows } from "./dom.js";

export const CAPACITY = 200;

let channels = [];
let selected = null;
let onSelect = () => {};
const filter = byId("channel-filter");

/** Which channels to ask the server for. */
export const query = () => new URLSearchParams({ prefix: filter.value });

/** Calls `refresh` when other channels are to be asked for. */
export function whenFiltered(refresh) {
  filter.addEventListener("input", refresh);
}

/** Calls `select` with the channel that is chosen, or null for all. */
export function whenSelected(select) {
  onSelect = select;
}

export const selection = () => selected;

/** Shows channels, and the members of the one that is chosen or of all. */
export function showChannels(all) {
  channels = all;
  const severalApps = new Set(all.map(({ appId }) => appId)).size > 1;
  const more = all.length === CAPACITY ? " or more" : "";
  byId("channel-count").textContent = all.length ? `${all.length}${more}` : "";
  showRows(
    byId("channel-list"),
    all.map(({ appId, name, attached, members }) => ({
      appId,
      name,
      attached,
      members: members.length,
      severalApps,
      isChosen: isSelected(appId, name),
    })),
    ({ appId, name }) => JSON.stringify([appId, name]),
    channelRow,
  );
  show("channel", all.length);
  showMembers();
}

/** Shows connections, with `act(name, connection)` behind their buttons. */
export function showConnections(connections, act) {
  const open = connections.filter(({ state }) => state === "connected").length;
  byId("connection-count").textContent = connections.length ? `${open} of ${connections.length} open` : "";
  showRows(byId("connection-list"), connections.slice(0, CAPACITY), ({ id }) => id, (connection) => {
    const { id, clientId, state, channels: attached } = connection;
    const button = (name, label) =>
      element("button", {
        type: "button",
        textContent: label,
        "data-role": name,
        "aria-label": `${label} connection ${clientId ?? id}`,
        onclick: () => act(name, connection),
      });
    const detail = state === "connected" ? id : `${id} · can resume`;
    return element(
      "li",
      {},
      element("span", { className: "dot", "data-state": state }),
      element(
        "span",
        { className: "what" },
        element("span", { className: "title", textContent: clientId && clientId !== "*" ? clientId : "anonymous" }),
        element("span", { className: "detail", textContent: detail, title: attached.join(", ") }),
      ),
      button("drop", "Drop"),
      button("stall", "Stall"),
    );
  });
  show("connection", connections.length);
}

function showMembers() {
  const members = channels
    .filter(({ appId, name }) => selected === null || isSelected(appId, name))
    .flatMap(({ appId, name, members: present }) => present.map((member) => ({ ...member, appId, channel: name })));
  byId("member-count").textContent = members.length || "";
  showRows(
    byId("member-list"),
    members.slice(0, CAPACITY).map(({ appId, channel, clientId, connectionId, data }) => ({ appId, channel, clientId, connectionId, data })),
    ({ appId, channel, clientId, connectionId }) => JSON.stringify([appId, channel, connectionId, clientId]),
    ({ channel, clientId, data }) => {
      const shown = data === undefined || data === null ? "" : typeof data === "string" ? data : JSON.stringify(data);
      return element(
        "li",
        {},
        element(
          "span",
          { className: "what" },
          element("span", { className: "title", textContent: clientId }),
          element("span", { className: "detail", textContent: shown ? `${channel} · ${shown}` : channel, title: shown }),
        ),
      );
    },
  );
  show("member", members.length);
}

function channelRow({ appId, name, attached, members, severalApps, isChosen }) {
  const numbers = [`${attached} attached`, members ? `${members} present` : ""].filter(Boolean).join(" · ");
  return element(
    "li",
    {},
    element(
      "button",
      {
        type: "button",
        "data-role": "choose",
        "aria-pressed": String(isChosen),
        onclick: () => choose(isSelected(appId, name) ? null : { appId, name }),
      },
      element("span", { className: "title", textContent: severalApps ? `${name} (${appId})` : name, title: name }),
      element("span", { className: "detail", textContent: numbers }),
    ),
  );
}

function choose(channel) {
  selected = channel;
  onSelect(channel);
  showChannels(channels);
}

function isSelected(appId, name) {
  return selected !== null && selected.appId === appId && selected.name === name;
}

function show(what, count) {
  byId(`${what}-empty`).hidden = count > 0;
}
