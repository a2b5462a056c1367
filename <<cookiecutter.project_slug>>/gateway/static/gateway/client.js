/**
 * A WebSocket to Django through AWS API Gateway that stays open. Options, events and types: client.d.ts.
 *
 * What API Gateway does to a connection, and what is done about it:
 * - a page never learns why a handshake was refused: the token and check endpoints are asked over plain HTTP;
 * - ten quiet minutes end a connection, and control frames do not count: a small message is sent in time;
 * - no connection lives longer than two hours: a new one is opened before, and takes over;
 * - a frame holds 32 KB, and a browser cannot split a message into frames: larger messages are refused here.
 */

import { Link } from "./link.js";
import { GatewayError, backoff, closePolicy, encode, readFrame, readRefusal, retryAfter } from "./protocol.js";

export { CLOSE_POLICY, GatewayError, MAX_FRAME_BYTES } from "./protocol.js";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const FETCH_TIMEOUT = 15 * SECOND;
const STABLE_AFTER = 10 * SECOND; // a connection that ends sooner counts as a failed attempt
const REMEMBERED = 500;

const DEFAULTS = {
  tokenUrl: "/api/ws-token/",
  checkUrl: "/api/ws-check/",
  channel: "",
  heartbeat: 5 * MINUTE,
  lifetime: 110 * MINUTE,
  requestTimeout: 30 * SECOND,
  retries: 2,
  queueLimit: 100,
  backoff: { base: 500, cap: 30 * SECOND },
};

const clock = {
  now: () => Date.now(),
  setTimeout: (callback, wait) => setTimeout(callback, wait),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** Django's CSRF token: the cookie first, since a page may be older than the login. */
function csrfToken(name = "csrftoken") {
  const cookie = globalThis.document?.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return cookie?.slice(name.length + 1) ?? globalThis.document?.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

export class GatewayClient extends EventTarget {
  #options;
  #state = "idle";
  #link = null; // the socket in use
  #candidate = null; // the one that is opening
  #retired = new Set();
  #turn = 0; // what an older turn was waiting for no longer matters
  #trying = false;
  #timer = null;
  #failures = 0;
  #notBefore = 0;
  #outbox = [];
  #pending = new Map();
  #seen = new Set();
  #watching = null;
  #prefix;
  #count = 0;
  #events = {
    opened: (link) => this.#opened(link),
    ended: (link, code, reason) => this.#ended(link, code, reason),
    frame: (link, text) => this.#frame(link, text),
    aged: (link) => link === this.#link && !this.#trying && this.#attempt(),
  };

  constructor(options = {}) {
    super();
    const browser = {
      fetch: (...args) => globalThis.fetch(...args),
      WebSocket: globalThis.WebSocket,
      clock,
      random: Math.random,
      csrf: () => csrfToken(),
      page: globalThis.document,
      network: globalThis.window,
    };
    this.#options = { ...DEFAULTS, ...browser, ...options, backoff: { ...DEFAULTS.backoff, ...options.backoff } };
    this.#prefix = Math.floor(this.#options.random() * 2 ** 52).toString(36);
  }

  /** A client with the addresses, the channel and the cookie's name that `{% gateway_client %}` wrote on the element. */
  static fromElement({ dataset: { tokenUrl, checkUrl, channel, csrfCookie } }, options = {}) {
    return new GatewayClient({ tokenUrl, checkUrl, channel, csrf: () => csrfToken(csrfCookie), ...options });
  }

  get state() {
    return this.#state;
  }

  /** Calls `listener` with the detail of each such event; the answer is a function that ends that. */
  on(type, listener) {
    const relay = (event) => listener(event.detail);
    this.addEventListener(type, relay);
    return () => this.removeEventListener(type, relay);
  }

  connect() {
    if (this.#state !== "idle" && this.#state !== "stopped") return;
    this.#failures = 0;
    this.#watch();
    this.#attempt();
  }

  close() {
    this.#stop("closed", "The page closed the connection.");
  }

  send(data) {
    this.#post({ text: encode(data) });
  }

  async request(data, { timeout = this.#options.requestTimeout, retries = this.#options.retries } = {}) {
    encode(data);
    const id = data.id ?? `${this.#prefix}-${++this.#count}`;
    if (this.#pending.has(id)) throw new GatewayError("id_in_use", "A request with this id is waiting for its reply.");
    const entry = { id, text: encode({ ...data, id }), timeout, left: retries };
    this.#post(entry);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, Object.assign(entry, { resolve, reject }));
      this.#arm(entry, timeout);
    });
  }

  // --- Getting and keeping a connection

  async #attempt() {
    const turn = this.#begin();
    const { refusal, body } = await this.#ask(this.#options.tokenUrl);
    if (turn !== this.#turn) return;
    if (refusal) this.#failed(refusal);
    else if (body?.token && body.url) this.#open(body);
    else this.#failed({ code: "token_answer_invalid", message: "The site did not answer with a token.", least: 0 });
  }

  #begin() {
    this.#options.clock.clearTimeout(this.#timer);
    this.#trying = true;
    if (!this.#link) this.#enter("connecting");
    return ++this.#turn;
  }

  /** Asks Django over HTTP. Never throws and never hangs: what goes wrong is a refusal. */
  async #ask(address) {
    const { fetch, csrf, clock } = this.#options;
    const abort = new AbortController();
    let timer;
    const late = new Promise((_, reject) => {
      timer = clock.setTimeout(() => reject(abort.abort()), FETCH_TIMEOUT);
    });
    const answer = async () => {
      const headers = { Accept: "application/json", "X-CSRFToken": typeof csrf === "function" ? csrf() : csrf };
      const response = await fetch(address, { method: "POST", credentials: "same-origin", headers, signal: abort.signal });
      const body = await response.json().catch(() => null);
      if (response.ok) return { body };
      return { refusal: readRefusal(response.status, body, retryAfter(response.headers.get("Retry-After"), clock.now())) };
    };
    try {
      return await Promise.race([answer(), late]);
    } catch {
      return { refusal: { code: "site_unreachable", message: "The site cannot be reached.", least: 0 } };
    } finally {
      clock.clearTimeout(timer);
    }
  }

  #open({ url, token }) {
    try {
      const address = new URL(url);
      address.searchParams.set("ws_token", token);
      if (this.#options.channel) address.searchParams.set("channel", this.#options.channel);
      this.#candidate = new Link(address.href, this.#options, this.#events);
    } catch {
      // The browser's own sentence would hold the address, and with it the token.
      this.#stop("socket_refused", "The browser refuses the socket's address.");
    }
  }

  #opened(link) {
    const replaced = this.#link;
    this.#link = link;
    this.#candidate = null;
    this.#trying = false;
    if (replaced) {
      this.#retired.add(replaced);
      replaced.retire();
    }
    this.#enter("open");
    this.#emit("open", { replaced: Boolean(replaced) });
    this.#flush();
  }

  #ended(link, code, reason) {
    this.#retired.delete(link);
    if (link === this.#candidate) this.#handshakeFailed();
    if (link !== this.#link) return;
    const { clock } = this.#options;
    const policy = closePolicy(code);
    this.#link = null;
    this.#emit("close", { code, reason: reason || policy.meaning });
    if (this.#state === "stopped") return;
    this.#failures = clock.now() - link.openedOn < STABLE_AFTER ? this.#failures + 1 : 0;
    this.#takeBack(policy.resend);
    if (this.#trying) this.#enter("connecting");
    else this.#wait({ code: `closed_${code}`, message: reason || policy.meaning, least: policy.least });
  }

  async #handshakeFailed() {
    this.#candidate = null;
    const turn = this.#turn;
    const { checkUrl, channel } = this.#options;
    const { refusal } = checkUrl ? await this.#ask(`${checkUrl}?channel=${encodeURIComponent(channel)}`) : {};
    if (turn !== this.#turn) return;
    this.#failed(refusal ?? { code: "handshake_failed", message: "The connection could not be made.", least: 0 });
  }

  #failed(refusal) {
    this.#trying = false;
    if (refusal.permanent) return this.#stop(refusal.code, refusal.message);
    this.#failures += 1;
    return this.#wait(refusal);
  }

  #wait({ code, message, least }) {
    const { clock, random } = this.#options;
    const wait = Math.round(least + backoff(this.#failures, this.#options.backoff, random));
    this.#notBefore = clock.now() + least;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#attempt(), wait);
    if (!this.#link) this.#enter("waiting", { code, message, retryIn: wait });
  }

  #stop(code, message) {
    if (this.#state === "stopped") return;
    const links = [this.#link, this.#candidate, ...this.#retired];
    this.#turn += 1;
    this.#trying = false;
    this.#candidate = null;
    this.#options.clock.clearTimeout(this.#timer);
    this.#watching?.abort();
    this.#enter("stopped", { code, message });
    for (const link of links) link?.end(1000);
    this.#outbox = [];
    for (const entry of this.#pending.values()) this.#reject(entry, new GatewayError("stopped", message));
    this.#emit("stopped", { code, message });
  }

  /** What the browser notices sooner than a timer: the network is back, the laptop is open again, the tab is looked at. */
  #watch() {
    const { page, network } = this.#options;
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    const wake = () => {
      if (this.#link) this.#link.probe();
      else if (this.#state === "waiting" && this.#options.clock.now() >= this.#notBefore) this.#attempt();
    };
    network?.addEventListener("online", wake, { signal });
    network?.addEventListener("offline", () => this.#link?.probe(0), { signal });
    page?.addEventListener("visibilitychange", () => page.visibilityState === "visible" && wake(), { signal });
  }

  // --- Messages out

  #post(entry) {
    if (this.#state === "stopped") throw new GatewayError("stopped", "The connection was stopped.");
    if (this.#link?.usable) return this.#link.send(entry.text);
    if (this.#outbox.length >= this.#options.queueLimit) {
      throw new GatewayError("queue_full", `${this.#options.queueLimit} messages are waiting for the connection.`);
    }
    return this.#outbox.push(entry);
  }

  #flush() {
    while (this.#outbox.length > 0 && this.#link?.usable) this.#link.send(this.#outbox.shift().text);
  }

  #arm(entry, wait) {
    this.#options.clock.clearTimeout(entry.timer);
    entry.timer = this.#options.clock.setTimeout(() => this.#late(entry), wait);
  }

  #late(entry) {
    if (entry.left === 0) return this.#reject(entry, new GatewayError("timeout", "No reply came in time."));
    entry.left -= 1;
    if (!this.#outbox.includes(entry)) this.#outbox.push(entry);
    this.#flush();
    return this.#arm(entry, entry.timeout);
  }

  /** Unanswered requests of a lost connection: those that may go out again wait for the next one, before what came later. */
  #takeBack(resend) {
    const unanswered = [...this.#pending.values()].filter((entry) => !this.#outbox.includes(entry));
    for (const entry of unanswered) {
      if (resend && entry.left > 0) entry.left -= 1;
      else this.#reject(entry, new GatewayError("connection_lost", "The connection ended before the reply came."));
    }
    this.#outbox.unshift(...unanswered.filter((entry) => this.#pending.has(entry.id)));
  }

  #settle(entry) {
    this.#options.clock.clearTimeout(entry.timer);
    this.#pending.delete(entry.id);
    this.#outbox = this.#outbox.filter((other) => other !== entry);
    this.#isNew(`reply ${entry.id}`);
    return entry;
  }

  #reject(entry, error) {
    this.#settle(entry).reject(error);
  }

  // --- Messages in

  #frame(link, text) {
    const { kind, data } = readFrame(text);
    if (kind === "closing") this.#closing(link, data);
    else if (kind === "lost") link.end(1012, data.message);
    else if (kind === "gateway") this.#gatewayFailed(data);
    else if (kind === "unreadable") this.#emit("error", new GatewayError("frame_unreadable", "A frame was no JSON.", { frame: data }));
    else if (kind === "data" || kind === "refused") this.#received(kind, data);
  }

  #closing(link, { code, reconnect }) {
    if (reconnect) link.end(1012, `The server asks for a new connection (${code}).`);
    else this.#stop(code, `The server ended the connection (${code}).`);
  }

  /** The message is to be sent again, not the connection made anew. The frame does not name it, so only a sole request is sure. */
  #gatewayFailed(frame) {
    const error = new GatewayError("gateway_error", frame.message, { frame });
    const waiting = [...this.#pending.values()].filter((entry) => !this.#outbox.includes(entry));
    this.#emit("error", error);
    if (waiting.length !== 1) return;
    const [entry] = waiting;
    if (entry.left === 0) this.#reject(entry, error);
    else this.#arm(entry, SECOND + backoff(1, this.#options.backoff, this.#options.random));
  }

  #received(kind, data) {
    const replyTo = data?.reply_to ?? null;
    const entry = this.#pending.get(replyTo);
    const error = kind === "refused" && new GatewayError(data.code, data.message, { errors: data.errors, frame: data });
    if (entry && error) return this.#reject(entry, error);
    if (entry) return this.#settle(entry).resolve(data);
    if (replyTo !== null && this.#seen.has(`reply ${replyTo}`)) return undefined;
    if (error) return this.#emit("error", error);
    const id = data?.message_id ?? null;
    if (id === null || this.#isNew(`message ${id}`)) this.#emit("message", data);
    return undefined;
  }

  #isNew(key) {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
    return true;
  }

  #enter(state, detail = {}) {
    this.#state = state;
    this.#emit("state", { state, ...detail });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
