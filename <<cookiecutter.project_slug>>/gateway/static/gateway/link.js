import { PING } from "./protocol.js";

/** @import { Complete } from "./options.js" */

const SECOND = 1_000;
const ANSWER_TIMEOUT = 35 * SECOND; // API Gateway itself gives up on Django after 29 s
const PROBE_TIMEOUT = 10 * SECOND;
const PROBE_AFTER = 30 * SECOND;
const LINGER = 2 * SECOND;
const OPEN = 1;

/**
 * One socket: when it last carried something, whether the other end still answers, when it has to be replaced.
 *
 * `events` has `opened(link)`, `frame(link, text)`, `aged(link)` and, exactly once, `ended(link, code, reason)`.
 */
export class Link {
  #socket;
  #options;
  #events;
  #timers = new Set();
  #heartbeat = null; // started anew by each message in either direction: what API Gateway's idle limit counts
  #ended = false;
  #heardOn = 0; // last message from there
  #heard = 0; // how many came: one more after a ping is the proof of life
  openedOn = null;
  failures = []; // what API Gateway said of messages on this socket, without saying which (outbox.js)

  /** @param {Complete} options */
  constructor(url, options, events) {
    this.#options = options;
    this.#events = events;
    this.#socket = new options.WebSocket(url);
    this.#socket.onopen = () => this.#opened();
    this.#socket.onmessage = ({ data }) => this.#received(data);
    this.#socket.onclose = ({ code, reason }) => this.end(code, reason);
    this.#after(ANSWER_TIMEOUT, () => this.openedOn ?? this.end(1006, "The handshake was not answered."));
  }

  get usable() {
    return !this.#ended && this.#socket.readyState === OPEN;
  }

  send(text) {
    this.#socket.send(text);
    this.#active();
  }

  /** Ends it here and now: a browser would wait for minutes until a dead peer confirms. */
  end(code, reason = "") {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of [...this.#timers, this.#heartbeat]) this.#options.clock.clearTimeout(timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    if (this.#socket.readyState <= OPEN) this.#socket.close();
    this.#events.ended(this, code, reason);
  }

  /** Ends it soon: until then it still brings what was sent before its successor opened, and the replies that are `awaited()`. */
  retire(awaited, patience = ANSWER_TIMEOUT) {
    this.#after(LINGER, () => (awaited() && patience > LINGER ? this.retire(awaited, patience - LINGER) : this.end(1000)));
  }

  /** Asks for a sign of life after a silence, for instance when a laptop wakes up. A clock that was set back measures nothing. */
  probe(silence = PROBE_AFTER) {
    const quiet = this.#options.clock.now() - this.#heardOn;
    if (quiet >= silence || quiet < 0) this.#ping(PROBE_TIMEOUT);
  }

  #opened() {
    const { clock, lifetime, random } = this.#options;
    this.openedOn = this.#heardOn = clock.now();
    this.#active();
    // Up to a twentieth early: sockets that opened together must not all be replaced together.
    if (lifetime) this.#after(lifetime * (1 - random() / 20), () => this.#events.aged(this));
    this.#events.opened(this);
  }

  #received(text) {
    this.#heardOn = this.#options.clock.now();
    this.#heard += 1;
    this.#active();
    this.#events.frame(this, text);
  }

  #active() {
    const { clock, heartbeat } = this.#options;
    clock.clearTimeout(this.#heartbeat);
    if (heartbeat) this.#heartbeat = clock.setTimeout(() => this.#ping(ANSWER_TIMEOUT), heartbeat);
  }

  #ping(timeout) {
    if (!this.usable) return;
    const before = this.#heard;
    this.send(PING);
    this.#after(timeout, () => {
      if (this.#heard === before) this.end(1006, "The server stopped answering.");
    });
  }

  #after(wait, callback) {
    const timer = this.#options.clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, wait);
    this.#timers.add(timer);
  }
}
