import { csrfToken } from "./site.js";

/** @import { Options } from "./client.js" */
/** @typedef {Required<Options> & { backoff: Required<Options["backoff"]> }} Complete */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

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

/** When API Gateway ends a connection: after so long a silence, and at this age. */
const ENDS = { heartbeat: 10 * MINUTE, lifetime: 120 * MINUTE };

const clock = {
  now: () => Date.now(),
  setTimeout: (callback, wait) => setTimeout(callback, wait),
  clearTimeout: (timer) => clearTimeout(timer),
};

function browser() {
  return {
    fetch: (address, init) => globalThis.fetch(address, init),
    WebSocket: globalThis.WebSocket,
    clock,
    random: Math.random,
    csrf: () => csrfToken(),
    page: globalThis.document,
    network: globalThis.window,
  };
}

/** Without what was left undefined: that means the default, as it does for a parameter. */
const given = (options) => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

/**
 * Every option, the defaults for what was not given. Throws a RangeError for times that come after API Gateway has ended the connection.
 *
 * @param {Options} options
 * @returns {Complete}
 */
export function complete(options) {
  const limits = { ...DEFAULTS.backoff, ...given(options.backoff ?? {}) };
  const all = { ...DEFAULTS, ...browser(), ...given(options), backoff: limits };
  for (const [name, end] of Object.entries(ENDS)) {
    const wait = all[name];
    if (typeof wait === "number" && wait >= 0 && wait < end) continue;
    throw new RangeError(`${name} is ${wait}. It is 0 (never) or less than ${end} ms: then API Gateway ends the connection.`);
  }
  return all;
}
