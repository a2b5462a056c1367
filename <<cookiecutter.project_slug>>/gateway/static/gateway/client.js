/**
 * A WebSocket to Django through AWS API Gateway that stays open. Options, events and types: client.d.ts.
 *
 * What API Gateway does to a connection, and what is done about it:
 * - a page never learns why a handshake was refused: the token and check endpoints are asked over plain HTTP (site.js);
 * - ten quiet minutes end a connection, and control frames do not count: a small message is sent in time (link.js);
 * - no connection lives longer than two hours: a new one is opened before, and takes over;
 * - a frame holds 32 KB, and a browser cannot split a message into frames: larger messages are refused here (protocol.js);
 * - a message may be lost or answered twice: requests are sent again under their id, and repeats are dropped (outbox.js).
 */

import { Link } from "./link.js";
import { complete } from "./options.js";
import { Outbox } from "./outbox.js";
import { GatewayError, Recent, backoff, closePolicy, readFrame } from "./protocol.js";
import { ask, csrfToken } from "./site.js";

export { CLOSE_POLICY, GatewayError, MAX_FRAME_BYTES } from "./protocol.js";

const SECOND = 1_000;
const STABLE_AFTER = 10 * SECOND; // a connection that ends sooner counts as a failed attempt

/** @import { Events, GatewayClient as Declared, Options, RequestOptions, State } from "./client.js" */

/** @implements {Declared} */
export class GatewayClient extends EventTarget {
  #options;
  /** @type {State} */
  #state = "idle";
  #outbox;
  #link = null; // the socket in use
  #candidate = null; // the one that is opening
  #retired = new Set(); // replaced ones that may still bring something
  #turn = 0; // an answer that belongs to an older turn no longer matters
  #trying = false;
  #timer = null;
  #failures = 0;
  #notBefore = 0;
  #seen = new Recent();
  #watching = null;
  #asking = null;
  #events = {
    opened: (link) => this.#opened(link),
    ended: (link, code, reason) => this.#ended(link, code, reason),
    frame: (link, text) => this.#frame(link, text),
    aged: (link) => link === this.#link && this.#attempt(),
  };

  /** @param {Options} options */
  constructor(options = {}) {
    super();
    this.#options = complete(options);
    this.#outbox = new Outbox(this.#options);
  }

  /** A client with the addresses, the channel and the cookie's name that `{% gateway_client %}` wrote on the element. */
  static fromElement({ dataset: { tokenUrl, checkUrl, channel, csrfCookie } }, options = {}) {
    return new GatewayClient({ tokenUrl, checkUrl, channel, csrf: () => csrfToken(csrfCookie), ...options });
  }

  get state() {
    return this.#state;
  }

  /** Calls `listener` with the detail of each such event. Returns a function that ends that. */
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
    this.#refuseIfStopped();
    this.#outbox.send(data);
  }

  /** @param {RequestOptions} [options] */
  async request(data, options) {
    this.#refuseIfStopped();
    return this.#outbox.request(data, options);
  }

  #refuseIfStopped() {
    if (this.#state === "stopped") throw new GatewayError("stopped", "The connection was stopped.");
  }

  async #attempt() {
    const turn = ++this.#turn;
    this.#trying = true;
    this.#options.clock.clearTimeout(this.#timer);
    if (!this.#link) this.#enter("connecting");
    if (turn !== this.#turn) return;
    const { refusal, body } = await this.#ask(this.#options.tokenUrl);
    if (turn !== this.#turn) return;
    if (refusal) this.#failed(refusal);
    else if (body?.token && body.url) this.#open(body);
    else this.#failed({ code: "token_answer_invalid", message: "The site did not answer with a token.", least: 0 });
  }

  #ask(address) {
    this.#asking = new AbortController();
    return ask(address, this.#options, this.#asking);
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

  // Events come last, here and below: whoever hears them may call close() or connect(), and what was done then must be complete.

  #opened(link) {
    const replaced = this.#link;
    this.#link = link;
    this.#candidate = null;
    this.#trying = false;
    this.#outbox.open(link);
    if (replaced) {
      this.#retired.add(replaced);
      replaced.retire(() => this.#outbox.awaits(replaced));
    } else this.#enter("open");
    if (link === this.#link) this.#emit("open", { replaced: Boolean(replaced) });
  }

  #ended(link, code, reason) {
    const policy = closePolicy(code);
    const inUse = link === this.#link;
    if (inUse) this.#link = null;
    this.#retired.delete(link);
    this.#outbox.lost(link, policy.resend);
    if (link === this.#candidate) this.#handshakeFailed();
    if (inUse) this.#lost(link, { code, reason: reason || policy.meaning, least: policy.least });
  }

  #lost(link, { code, reason, least }) {
    const turn = this.#turn;
    const stable = this.#options.clock.now() - link.openedOn >= STABLE_AFTER;
    this.#failures = stable ? 0 : this.#failures + 1;
    this.#emit("close", { code, reason });
    if (turn !== this.#turn) return;
    if (this.#trying) this.#enter("connecting");
    else this.#wait({ code: `closed_${code}`, message: reason, least });
  }

  async #handshakeFailed() {
    this.#candidate = null;
    const turn = this.#turn;
    const { checkUrl, channel } = this.#options;
    const query = `${checkUrl.includes("?") ? "&" : "?"}channel=${encodeURIComponent(channel)}`;
    const { refusal } = checkUrl ? await this.#ask(checkUrl + query) : {};
    if (turn !== this.#turn) return;
    this.#failed(refusal ?? { code: "handshake_failed", message: "The connection could not be made.", least: 0 });
  }

  #failed(refusal) {
    this.#trying = false;
    this.#failures += 1;
    if (refusal.permanent) this.#stop(refusal.code, refusal.message);
    else this.#wait(refusal);
  }

  #wait({ code, message, least }) {
    const { clock, random, backoff: limits } = this.#options;
    const retryIn = Math.round(least + backoff(this.#failures, limits, random));
    this.#notBefore = clock.now() + least;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.#attempt(), retryIn);
    if (!this.#link) this.#enter("waiting", { code, message, retryIn });
  }

  #stop(code, message) {
    if (this.#state === "stopped") return;
    const link = this.#link;
    const turn = ++this.#turn;
    this.#state = "stopped";
    this.#trying = false;
    this.#options.clock.clearTimeout(this.#timer);
    this.#watching?.abort();
    this.#asking?.abort();
    this.#outbox.clear(new GatewayError("stopped", message));
    this.#endAll();
    const tell = (type, detail) => turn === this.#turn && this.#emit(type, detail);
    if (link) tell("close", { code: 1000, reason: message });
    tell("state", { state: "stopped", code, message });
    tell("stopped", { code, message });
  }

  #endAll() {
    const links = [this.#link, this.#candidate, ...this.#retired];
    this.#link = this.#candidate = null;
    for (const link of links) link?.end(1000);
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

  #frame(link, text) {
    const { kind, data } = readFrame(text);
    if (kind === "data") this.#received(data);
    else if (kind === "refused") this.#refused(data);
    else if (kind === "lost") link.end(1012, data.message);
    else if (kind === "closing") this.#closing(link, data);
    else if (kind === "gateway") this.#gatewayFailed(link, data);
    else if (kind === "unreadable") this.#emit("error", new GatewayError("frame_unreadable", "A frame was no JSON.", { frame: data }));
  }

  #received(data) {
    if (this.#outbox.answer(data)) return;
    const id = data?.message_id;
    if (id === undefined || id === null || this.#seen.add(id)) this.#emit("message", data);
  }

  #refused(data) {
    const error = new GatewayError(data.code, data.message, { errors: data.errors, frame: data });
    if (!this.#outbox.answer(data, error)) this.#emit("error", error);
  }

  #closing(link, { code, reconnect }) {
    // That a replaced connection ends says nothing of the one in use.
    if (reconnect || link !== this.#link) link.end(1012, `The server asks for a new connection (${code}).`);
    else this.#stop(code, `The server ended the connection (${code}).`);
  }

  /** It is the message that has to be sent again, not the connection that has to be made anew. */
  #gatewayFailed(link, frame) {
    const error = new GatewayError("gateway_error", frame.message, { frame });
    this.#outbox.failed(link, error);
    this.#emit("error", error);
  }

  #enter(state, detail = {}) {
    this.#state = state;
    this.#emit("state", { state, ...detail });
  }

  /**
   * @template {keyof Events} Type
   * @param {Type} type
   * @param {Events[Type]} detail
   */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
