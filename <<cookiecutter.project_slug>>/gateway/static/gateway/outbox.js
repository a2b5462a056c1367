import { GatewayError, Recent, backoff, encode } from "./protocol.js";

/** @import { RequestOptions } from "./client.js" */
/** @import { Complete } from "./options.js" */

const SECOND = 1_000;
const LONGEST = 2 ** 31 - 1; // ms; a browser's timer for more would end at once

/** Messages on their way out, in order, and the requests among them until their reply has come. */
export class Outbox {
  #options;
  #link = null;
  #queue = [];
  #pending = new Map();
  #answered = new Recent();
  #prefix;
  #count = 0;

  /** @param {Complete} options */
  constructor(options) {
    this.#options = options;
    this.#prefix = Math.floor(options.random() * 2 ** 52).toString(36);
  }

  send(data) {
    this.#post({ text: encode(data) });
  }

  /** @param {RequestOptions} options */
  request(data, options = {}) {
    const { timeout = this.#options.requestTimeout, retries = this.#options.retries } = options;
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

  /** A connection is there: what has waited goes out. */
  open(link) {
    this.#link = link;
    this.#flush();
  }

  /** A connection is gone. Requests without a reply that may be sent again go to the next one, before what came later. */
  lost(link, resend) {
    if (this.#link === link) this.#link = null;
    const again = [];
    for (const entry of this.#underWay(link)) {
      entry.link = null;
      if (resend && entry.left > 0) again.push(entry);
      else this.#reject(entry, new GatewayError("connection_lost", "The connection ended before the reply came."));
    }
    for (const entry of again) entry.left -= 1;
    this.#queue.unshift(...again);
    this.#flush();
  }

  /** Nothing more will be sent. */
  clear(error) {
    this.#link = null;
    this.#queue = [];
    for (const entry of this.#pending.values()) this.#reject(entry, error);
  }

  /** Whether replies are due on this connection. */
  awaits(link) {
    return this.#underWay(link).length > 0;
  }

  /** Hands a reply, or the refusal of a message, to whoever waits for it. Says whether it belonged to a request at all. */
  answer(data, error) {
    const entry = this.#pending.get(data?.reply_to);
    if (!entry) return this.#answered.has(data?.reply_to);
    if (error) this.#reject(entry, error);
    else this.#settle(entry).resolve(data);
    if (entry.link) this.#blame(entry.link);
    return true;
  }

  /** API Gateway could not reach Django for a message that went over this connection. */
  failed(link, error) {
    link.failures.push(error);
    this.#blame(link);
  }

  /** Its frame does not say for which message. Once there are as many frames as requests without a reply, all of these are meant. */
  #blame(link) {
    const entries = this.#underWay(link);
    if (entries.length > link.failures.length) return;
    const [error] = link.failures.splice(0);
    const { backoff: limits, random } = this.#options;
    for (const entry of error ? entries : []) {
      entry.link = null;
      if (!(entry.left > 0)) this.#reject(entry, error);
      else this.#arm(entry, SECOND + backoff(1, limits, random));
    }
  }

  #underWay(link) {
    return [...this.#pending.values()].filter((entry) => entry.link === link);
  }

  #post(entry) {
    if (!this.#link?.usable && this.#queue.length >= this.#options.queueLimit) {
      throw new GatewayError("queue_full", `${this.#queue.length} messages are waiting for the connection.`);
    }
    this.#queue.push(entry);
    this.#flush();
  }

  #flush() {
    while (this.#queue.length > 0 && this.#link?.usable) {
      const entry = this.#queue.shift();
      entry.link = this.#link;
      this.#link.send(entry.text);
    }
  }

  #arm(entry, wait) {
    this.#options.clock.clearTimeout(entry.timer);
    entry.timer = this.#options.clock.setTimeout(() => this.#late(entry), Math.min(wait, LONGEST));
  }

  #late(entry) {
    entry.link?.failures.pop(); // if API Gateway gave it up, it has said so by now
    entry.link = null;
    if (!(entry.left > 0)) {
      this.#reject(entry, new GatewayError("timeout", "No reply came in time."));
      return;
    }
    entry.left -= 1;
    if (!this.#queue.includes(entry)) this.#queue.push(entry);
    this.#flush();
    this.#arm(entry, entry.timeout);
  }

  #settle(entry) {
    this.#options.clock.clearTimeout(entry.timer);
    this.#pending.delete(entry.id);
    this.#queue = this.#queue.filter((other) => other !== entry);
    this.#answered.add(entry.id);
    return entry;
  }

  #reject(entry, error) {
    this.#settle(entry).reject(error);
  }
}
