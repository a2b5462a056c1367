/** A browser in miniature: a clock that moves when told to, a site that answers as told, sockets whose other end is the test. */

import { GatewayClient } from "../../gateway/static/gateway/client.js";

// Node.js 18 has none.
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, { detail }) {
    super(type);
    this.detail = detail;
  }
};

export class FakeClock {
  #now = 1_800_000_000_000;
  #timers = new Map();
  #last = 0;

  now = () => this.#now;

  /** As a browser's: it counts milliseconds in 32 bits, and what does not fit is due at once. */
  setTimeout = (callback, wait) => {
    this.#timers.set(++this.#last, { due: this.#now + (wait < 2 ** 31 ? wait : 1), callback });
    return this.#last;
  };

  clearTimeout = (timer) => this.#timers.delete(timer);

  get waiting() {
    return this.#timers.size;
  }

  /** Shows another time, while no timer runs: somebody has set the clock, or the machine has slept. */
  jump(by) {
    this.#now += by;
    for (const timer of this.#timers.values()) timer.due += by;
  }

  /** Moves on by `wait` ms, running what falls due in its order, and lets promises settle in between. */
  async advance(wait) {
    const end = this.#now + wait;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].filter(([, { due }]) => due <= end).sort(([a, x], [b, y]) => x.due - y.due || a - b);
      if (!next) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].due);
      next[1].callback();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets every promise that can settle do so. */
export async function settle() {
  await new Promise((resolve) => setImmediate(resolve));
}

/** What has become of a promise so far. */
export function watch(promise) {
  const seen = {};
  promise.then(
    (value) => Object.assign(seen, { value }),
    (error) => Object.assign(seen, { error }),
  );
  return seen;
}

export class FakeSocket {
  readyState = 0;
  sent = [];
  closed = false;

  constructor(url) {
    this.url = new URL(url);
  }

  send(text) {
    if (this.readyState !== 1) throw new Error("InvalidStateError");
    this.sent.push(text === '{"type":"ping"}' ? "ping" : JSON.parse(text));
  }

  close() {
    this.readyState = 2;
    this.closed = true;
  }

  // --- What the other end does

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(data) {
    this.onmessage?.({ data: typeof data === "string" ? data : JSON.stringify(data) });
  }

  drop(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

export const TOKEN = { token: "one-time", expires_in: 60, url: "wss://ws.example.com/production" };

/** An answer of the site: a status, a JSON body (or text that is none) and headers. */
export function answer(status, body, headers = {}) {
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
}

/** A client with everything around it. `site.token` and `site.check` are called for each request to that address. */
export function setUp(options = {}) {
  const clock = new FakeClock();
  const sockets = [];
  const requests = [];
  const events = [];
  const site = { token: () => answer(200, TOKEN), check: () => answer(200, {}) };
  const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const network = new EventTarget();
  class Socket extends FakeSocket {
    constructor(url) {
      super(url);
      sockets.push(this);
    }
  }
  const fetch = async (address, init) => {
    requests.push({ address, ...init });
    return address.startsWith("/api/ws-check/") ? site.check() : site.token();
  };
  const client = new GatewayClient({ clock, fetch, page, network, WebSocket: Socket, csrf: "csrf", random: () => 0.5, ...options });
  for (const type of ["state", "open", "message", "error", "close", "stopped"]) {
    client.on(type, (detail) => events.push({ type, detail }));
  }
  const of = (type) => events.filter((event) => event.type === type).map(({ detail }) => detail);
  return { client, clock, sockets, requests, site, page, network, of };
}

/** The same, with its first connection open. */
export async function setUpOpen(options = {}) {
  const all = setUp(options);
  all.client.connect();
  await settle();
  all.sockets[0].open();
  return { ...all, socket: all.sockets[0] };
}
