import { PING } from "./protocol.js";

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
  #ended = false;
  #active = 0; // last message in either direction: what API Gateway's idle limit counts
  #heard = 0; // last message from there: the proof of life
  #silent = false; // nothing came since the last ping
  openedOn = null;

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
    this.#active = this.#options.clock.now();
  }

  /** Ends it here and now: a browser would wait for minutes until a dead peer confirms. */
  end(code, reason = "") {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers) this.#options.clock.clearTimeout(timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    if (this.#socket.readyState <= OPEN) this.#socket.close();
    this.#events.ended(this, code, reason);
  }

  /** Ends it soon: until then it still brings what was sent before its successor opened. */
  retire() {
    this.#after(LINGER, () => this.end(1000));
  }

  /** Asks for a sign of life after a silence, for instance when a laptop wakes up. */
  probe(silence = PROBE_AFTER) {
    if (this.usable && this.#options.clock.now() - this.#heard >= silence) this.#ping(PROBE_TIMEOUT);
  }

  #opened() {
    const { clock, heartbeat, lifetime, random } = this.#options;
    this.openedOn = this.#active = this.#heard = clock.now();
    if (heartbeat) this.#after(heartbeat, () => this.#beat());
    // Up to a twentieth early: sockets that opened together must not all be replaced together.
    if (lifetime) this.#after(lifetime * (1 - random() / 20), () => this.#events.aged(this));
    this.#events.opened(this);
  }

  #received(text) {
    this.#active = this.#heard = this.#options.clock.now();
    this.#silent = false;
    this.#events.frame(this, text);
  }

  #beat() {
    const { clock, heartbeat } = this.#options;
    const quiet = clock.now() - this.#active;
    const due = quiet >= heartbeat;
    if (due && this.usable) this.#ping(ANSWER_TIMEOUT);
    this.#after(due ? heartbeat : heartbeat - quiet, () => this.#beat());
  }

  #ping(timeout) {
    this.#silent = true;
    this.send(PING);
    this.#after(timeout, () => {
      if (this.#silent) this.end(1006, "The server stopped answering.");
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
