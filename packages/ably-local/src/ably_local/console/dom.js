/** Making elements. Text only ever becomes text nodes: nothing here reads markup from data. */

export const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (names with a dash), and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Replaces the entries of a select but the first, keeping what is chosen where it still exists. */
export function setOptions(select, options, kept = 1) {
  const chosen = select.value;
  const made = options.map(([value, text]) => element("option", { value, textContent: text }));
  select.replaceChildren(...[...select.options].slice(0, kept), ...made);
  if ([...select.options].some((option) => option.value === chosen)) select.value = chosen;
}

/** Makes a list show rows by key: rows that stay keep their element, and with it the focus. */
export function showRows(list, rows, keyOf, make) {
  const before = new Map([...list.children].map((row) => [row.dataset.key, row]));
  const wanted = rows.map((row) => {
    const key = keyOf(row);
    const content = JSON.stringify(row);
    let shown = before.get(key);
    if (!shown || shown.dataset.content !== content) {
      const focused = shown?.contains(document.activeElement) ? document.activeElement.dataset.role : null;
      const fresh = make(row);
      fresh.dataset.key = key;
      fresh.dataset.content = content;
      if (focused && shown) {
        shown.replaceWith(fresh);
        fresh.querySelector(`[data-role="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      }
      shown = fresh;
    }
    return shown;
  });
  const stay = new Set(wanted);
  for (const row of [...list.children]) if (!stay.has(row)) row.remove();
  wanted.forEach((row, index) => {
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
}

/** The time of day, to the millisecond. */
export function timeOf(timestamp) {
  const date = new Date(timestamp);
  const text = date.toLocaleTimeString([], { hour12: false });
  return `${text}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/**
 * Calls `act` once for however many requests there are in so many milliseconds, and never again
 * before what it returned is settled.
 */
export function throttled(act, milliseconds) {
  let isWanted = false;
  let isBusy = false;
  const start = () => {
    isBusy = true;
    setTimeout(async () => {
      isWanted = false;
      await act();
      isBusy = false;
      if (isWanted) start();
    }, milliseconds);
  };
  return () => {
    isWanted = true;
    if (!isBusy) start();
  };
}
