/** The list of events: filtered, chosen by mouse or keyboard, following the latest unless somebody reads further up. */

import { byId, connectionMark, make } from "./dom.js";
import { clockTime, plural } from "./format.js";
import { described, passes, wireSentence } from "./notes.js";

const MOST_ROWS = 400;
const NEAR_THE_END = 60;

export class Timeline {
  filter = { words: [], kinds: null, connectionId: null };
  #feed;
  #choose;
  #list = byId("timeline");
  #scroll = byId("scroll");
  #latest = byId("latest");
  #chosen = null;
  #paused = false;

  constructor(feed, choose) {
    this.#feed = feed;
    this.#choose = choose;
    feed.addEventListener("notes", ({ detail }) => this.#paused || this.#append(detail));
    feed.addEventListener("cleared", () => this.render());
    this.#scroll.addEventListener("scroll", () => this.#atEnd() && (this.#latest.hidden = true));
    this.#latest.addEventListener("click", () => this.#toEnd());
    // Not "click": while events come in, the list may move between press and release.
    this.#list.addEventListener("mousedown", (event) => event.button === 0 && this.choose(event.target.closest("li")));
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get isPaused() {
    return this.#paused;
  }

  set isPaused(paused) {
    this.#paused = paused;
    if (!paused) this.render();
  }

  /** The notes that pass the filter, shown or not. */
  get matching() {
    return this.#feed.notes.filter((note) => passes(note, this.filter));
  }

  /** Draw the list anew: the filter has changed. */
  render() {
    const notes = this.matching;
    this.#list.replaceChildren(...notes.slice(-MOST_ROWS).map((note) => row(note)));
    this.#mark();
    this.#count(notes.length);
    this.#toEnd();
  }

  /** Show an event as the chosen one. */
  choose(item) {
    if (!item) return;
    this.#chosen = Number(item.dataset.id);
    this.#mark();
    item.scrollIntoView({ block: "nearest" });
    this.#choose(this.#feed.notes.find((note) => note.id === this.#chosen));
  }

  #append(notes) {
    const follow = this.#atEnd();
    const fitting = notes.filter((note) => passes(note, this.filter));
    this.#list.append(...fitting.slice(-MOST_ROWS).map((note) => row(note)));
    while (this.#list.childElementCount > MOST_ROWS) this.#list.firstElementChild.remove();
    this.#count(this.matching.length);
    if (follow) this.#toEnd();
    else if (fitting.length) this.#latest.hidden = false;
  }

  #count(matching) {
    const total = this.#feed.notes.length;
    byId("welcome").hidden = total > 0;
    const hidden = matching > MOST_ROWS ? `, the latest ${MOST_ROWS} shown` : "";
    byId("shown").textContent = matching === total ? `${total} events${hidden}` : `${matching} of ${total} events${hidden}`;
  }

  #mark() {
    for (const item of this.#list.querySelectorAll('[aria-selected="true"]')) item.setAttribute("aria-selected", "false");
    const item = this.#chosen === null ? null : byId(`event-${this.#chosen}`);
    item?.setAttribute("aria-selected", "true");
    if (item) this.#list.setAttribute("aria-activedescendant", item.id);
    else this.#list.removeAttribute("aria-activedescendant");
  }

  #onKey(event) {
    const current = this.#chosen === null ? null : byId(`event-${this.#chosen}`);
    const target = {
      ArrowDown: () => current?.nextElementSibling ?? (current ? null : this.#list.lastElementChild),
      ArrowUp: () => current?.previousElementSibling ?? (current ? null : this.#list.lastElementChild),
      Home: () => this.#list.firstElementChild,
      End: () => this.#list.lastElementChild,
    }[event.key];
    if (!target) return;
    event.preventDefault();
    this.choose(target());
  }

  #atEnd() {
    return this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < NEAR_THE_END;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#latest.hidden = true;
  }
}

function row(note) {
  if (note.kind === "restarted" || note.kind === "missed") return divider(note);
  const { label, direction, summary, outcome, tone } = described(note);
  return make(
    "li",
    "row",
    { id: `event-${note.id}`, role: "option", "data-id": note.id, "data-kind": note.kind, "data-tone": tone, "aria-selected": "false" },
    make("time", "", {}, clockTime(note.at)),
    make("span", "kind", { title: note.frames ? `${direction}: ${wireSentence(note)}` : direction }, label),
    note.connection_id ? connectionMark(note.connection_id) : make("span", "mark"),
    make("span", "summary", {}, note.frames > 1 && make("span", "chip", {}, plural(note.frames, "frame")), note.frames > 1 && " ", summary),
    make("span", "outcome", {}, `${outcome}`),
  );
}

function divider(note) {
  const text = note.kind === "missed" ? `${note.count} events were missed here` : "The emulator was started again";
  return make("li", "row divider", { id: `event-${note.id}`, role: "option", "data-id": note.id, "aria-selected": "false" }, text);
}
