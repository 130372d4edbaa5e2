/** Lists of what happens, the newest first, that stay quick on a busy server. */

import { byId } from "./dom.js";

const DRAWN_EVERY = 100;

/**
 * Keeps the newest `capacity` items and shows those that pass `filter`, drawing a few times a second.
 */
export class Log {
  #items = [];
  #fresh = [];
  #timer = null;

  constructor(list, empty, { capacity, make, filter }) {
    this.list = byId(list);
    this.empty = byId(empty);
    this.capacity = capacity;
    this.make = make;
    this.filter = filter;
    this.isPaused = false;
  }

  /** Adds an item that is newer than all others. */
  add(item) {
    this.#fresh.push(item);
    if (this.#fresh.length > this.capacity) this.#fresh.shift();
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#draw();
    }, DRAWN_EVERY);
  }

  /** Starts over with these items, oldest first. */
  replace(items) {
    this.#fresh = [];
    this.#items = items.slice(-this.capacity);
    this.redraw();
  }

  /** Shows the items that pass the filter now. */
  redraw() {
    const shown = this.#items.filter(this.filter).map(this.make);
    this.list.replaceChildren(...shown.reverse());
    this.#settle();
  }

  pause(isPaused) {
    this.isPaused = isPaused;
    this.#draw();
  }

  #draw() {
    if (this.isPaused) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    this.#items = [...this.#items, ...fresh].slice(-this.capacity);
    const made = fresh.filter(this.filter).map(this.make);
    for (const item of made) item.classList.add("fresh");
    this.list.prepend(...made.reverse());
    while (this.list.children.length > this.capacity) this.list.lastElementChild.remove();
    this.#settle();
  }

  #settle() {
    this.empty.hidden = this.list.children.length > 0;
  }
}
