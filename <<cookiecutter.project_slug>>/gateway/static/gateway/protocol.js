/**
 * What API Gateway and Django say, and what follows from it. Decisions only: no socket, no timer, no request.
 */

export const MAX_FRAME_BYTES = 32_768;
export const PING = '{"type":"ping"}';
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** After each close code: never reconnect sooner than `least` ms; `resend` says whether unanswered requests go out again. */
export const CLOSE_POLICY = Object.freeze({
  1000: { least: 0, resend: true, meaning: "The server ended the connection." },
  1001: { least: 0, resend: true, meaning: "The connection was idle for ten minutes, or two hours old." },
  1002: { least: SECOND, resend: false, meaning: "The protocol was violated." },
  1003: { least: SECOND, resend: false, meaning: "Binary messages are not supported." },
  1005: { least: 0, resend: true, meaning: "The connection ended without a reason." },
  1006: { least: 0, resend: true, meaning: "The connection was lost." },
  1007: { least: SECOND, resend: false, meaning: "A message was not valid UTF-8." },
  1008: { least: 30 * SECOND, resend: true, meaning: "Too many requests came from this client." },
  1009: { least: SECOND, resend: false, meaning: "A message was too large." },
  1011: { least: SECOND, resend: true, meaning: "The server failed." },
  1012: { least: 0, resend: true, meaning: "The service restarts." },
  1013: { least: 10 * SECOND, resend: true, meaning: "The service is overloaded." },
  1015: { least: 10 * SECOND, resend: true, meaning: "The secure connection could not be made." },
});
const OTHER_CLOSE = Object.freeze({ least: SECOND, resend: true, meaning: "The connection was closed." });

/** Refusals that another attempt cannot change. That of a token is not among them: each attempt has a new one. */
export const PERMANENT = new Set([
  "login_required",
  "login_ended",
  "origin_not_allowed",
  "domain_unknown",
  "channel_invalid",
  "channel_forbidden",
  "permission_denied",
  "csrf_failed",
]);

/** Refusals of a message that are about its connection. A new one settles it, or the token endpoint says that none is to be had. */
export const OF_THE_CONNECTION = new Set(["session_unknown", "login_ended", "user_agent_changed"]);

/** Anything that went wrong: `code` is for programs, `message` for people. */
export class GatewayError extends Error {
  constructor(code, message, { errors = null, frame = null } = {}) {
    super(message);
    this.name = "GatewayError";
    this.code = code;
    this.errors = errors;
    this.frame = frame;
  }
}

export function closePolicy(code) {
  return CLOSE_POLICY[code] ?? OTHER_CLOSE;
}

/** Full jitter: anything between nothing and the ceiling, so that a crowd cut off at once does not come back at once. */
export function backoff(failures, { base, cap }, random) {
  return random() * Math.min(cap, base * 2 ** failures);
}

/**
 * Milliseconds that a Retry-After header asks for: it holds seconds or a date. 0 without one, an hour at most: a date is measured by
 * this machine's clock, which may be wrong, and a timer cannot wait longer than 24 days.
 */
export function retryAfter(header, now) {
  if (!header) return 0;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * SECOND : Date.parse(header) - now;
  return wait > 0 ? Math.min(wait, HOUR) : 0;
}

/** What a text says as JSON; undefined if it is none. */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why the token or the check endpoint did not say yes, whether that is final, and how long to wait at least (ms). */
export function readRefusal(status, text, least) {
  const { error, message = error } = parse(text) ?? {};
  if (typeof error === "string") return { code: error, message, permanent: PERMANENT.has(error), least };
  // Django's own refusal of a CSRF token is a page, not JSON: ours is older than the login. A firewall's 403 may be over in a minute.
  if (status === 403 && /csrf/i.test(text)) {
    return { code: "csrf_failed", message: "The page is out of date. Load it again.", permanent: true, least };
  }
  return { code: `http_${status}`, message: `The site answered with status ${status}.`, permanent: status === 401, least };
}

/**
 * What a frame is, and its content.
 *
 * `gateway` is API Gateway's own error: it never closes the connection and does not say which message it is about. `lost` is a
 * refusal that ends the connection, `refused` that of one message.
 */
export function readFrame(text) {
  if (text === "") return { kind: "empty" };
  const data = parse(text);
  if (data === undefined) return { kind: "unreadable", data: String(text).slice(0, 200) };
  if (data?.message && data.connectionId && (data.requestId || data.messageId)) return { kind: "gateway", data };
  if (data?.type === "error") return { kind: OF_THE_CONNECTION.has(data.code) ? "lost" : "refused", data };
  return { kind: data?.type === "pong" || data?.type === "closing" ? data.type : "data", data };
}

/**
 * The text of a message. Refuses what Django would refuse, which is all but objects, and what API Gateway would answer by closing the
 * connection: it counts bytes, not characters.
 */
export function encode(data) {
  const text = asJson(data);
  if (!text?.startsWith("{")) throw new GatewayError("message_invalid", "A message is an object.");
  const size = new TextEncoder().encode(text).length;
  if (size <= MAX_FRAME_BYTES) return text;
  throw new GatewayError("message_too_large", `The message has ${size} bytes; API Gateway takes ${MAX_FRAME_BYTES} from a browser.`);
}

function asJson(data) {
  try {
    return JSON.stringify(data);
  } catch (error) {
    throw new GatewayError("message_invalid", `The message cannot be written as JSON: ${error.message}`);
  }
}

/** A set that forgets its oldest members, so that a page may stay open for weeks. */
export class Recent {
  #members = new Set();
  #limit;

  constructor(limit = 500) {
    this.#limit = limit;
  }

  has(member) {
    return this.#members.has(member);
  }

  /** Says whether it is new. */
  add(member) {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    if (this.#members.size > this.#limit) this.#members.delete(this.#members.values().next().value);
    return true;
  }
}
