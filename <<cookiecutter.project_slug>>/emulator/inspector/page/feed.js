/** The live feed, and what is kept of it. */

const KEPT = 5000;

export class Feed extends EventTarget {
  /** Notes seen so far, oldest first, at most `KEPT`. */
  notes = [];
  overview = null;
  #run = null;
  #ids = 0;

  constructor(source = new EventSource("/_emulator/live")) {
    super();
    source.addEventListener("open", () => this.#tell("state", "live"));
    source.addEventListener("error", () => this.#tell("state", source.readyState === EventSource.CLOSED ? "refused" : "waiting"));
    source.addEventListener("hello", (event) => this.#greet(JSON.parse(event.data)));
    source.addEventListener("notes", (event) => this.#take(JSON.parse(event.data)));
    source.addEventListener("overview", (event) => {
      this.overview = { ...JSON.parse(event.data), receivedAt: performance.now() / 1000 };
      this.#tell("overview", this.overview);
    });
  }

  /** The gateway's clock: it went on since the overview came. */
  get now() {
    return this.overview ? this.overview.now + performance.now() / 1000 - this.overview.receivedAt : 0;
  }

  clear() {
    this.notes = [];
    this.#tell("cleared");
  }

  #greet({ run }) {
    if (this.#run !== null && this.#run !== run) this.#add([{ kind: "restarted", at: this.now }]);
    this.#run = run;
  }

  #take({ notes, missed }) {
    if (missed && this.notes.length) notes.unshift({ kind: "missed", at: notes[0].at, count: missed });
    this.#add(notes);
  }

  #add(notes) {
    // Not part of what is exported.
    for (const note of notes) Object.defineProperty(note, "id", { value: (this.#ids += 1) });
    this.notes.push(...notes);
    if (this.notes.length > KEPT) this.notes.splice(0, this.notes.length - KEPT);
    this.#tell("notes", notes);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Do something on the emulator. Throws an Error with a sentence for people. */
export async function act(path, body) {
  const response = await fetch(`/_emulator/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    const { message } = await response.json().catch(() => ({}));
    throw new Error(message ?? `The emulator answered ${response.status}.`);
  }
}
