/** The way of one message: which notes belong together, and the hops they stand for. Pure.
 *
 * A message, its backend call and its reply carry the same request id. A call of `@connections` carries an id of its own: it is shown
 * with the backend call that was under way when it came, and marked as a guess when several were.
 */

import { bytes, duration, plural } from "./format.js";
import { pathOf, routeSentence } from "./notes.js";

export const LANES = ["client", "gateway", "django", "others"];
const MOST_CALLBACKS = 8;
const SENT = { reply: "reply", error: "error", callback: "text" };
const CONTROL_WAYS = { in: { from: "client", to: "gateway" }, out: { from: "gateway", to: "client" } };

/** `{title, anchor, hops, left}` for a note: hops are `{at, from, to, text, tone, guess, note}`, oldest first. */
export function storyOf(notes, note) {
  const call = callOf(notes, note);
  const own = call ?? note;
  const anchor = ["integration", "message"].includes(own.kind) ? own : null;
  const related = anchor ? notes.filter((other) => other.request_id === anchor.request_id) : [note];
  const edges = anchor ? edgesOf(notes, anchor) : [];
  const callbacks = anchor ? callbacksDuring(notes, anchor) : withFrame(notes, note);
  const shown = callbacks.slice(0, 2 * MOST_CALLBACKS);
  const client = anchor?.connection_id ?? null;
  const parts = [...new Set([...related, ...edges, ...shown.map((each) => each.note)])];
  const guesses = new Set(shown.filter((each) => each.guess).map((each) => each.note));
  const hops = parts.flatMap((part) => hopsOf(part, client).map((hop) => ({ ...hop, note: part, guess: guesses.has(part) })));
  hops.sort((one, other) => one.at - other.at || notes.indexOf(one.note) - notes.indexOf(other.note));
  return { title: titleOf(anchor ?? note), anchor, hops, left: Math.ceil((callbacks.length - shown.length) / 2) };
}

/** The backend call that a note is part of, if there is one. */
function callOf(notes, note) {
  if (note.kind === "callback" || (note.kind === "sent" && note.cause === "callback")) {
    const callback = notes.find((other) => other.kind === "callback" && other.request_id === note.request_id) ?? note;
    return callsDuring(notes, callback)[0] ?? null;
  }
  if (["connected", "refused", "closed"].includes(note.kind) || isClosing(note)) {
    const event = note.kind === "closed" || isClosing(note) ? "DISCONNECT" : "CONNECT";
    return callsOf(notes).find((call) => call.connection_id === note.connection_id && call.event === event) ?? null;
  }
  const sameRequest = (other) => note.request_id && other.request_id === note.request_id;
  return notes.find((other) => other.kind === "integration" && sameRequest(other))
    ?? notes.find((other) => other.kind === "message" && sameRequest(other)) ?? null;
}

function callsOf(notes) {
  return notes.filter((note) => note.kind === "integration");
}

function beginning(note) {
  return note.at - (note.latency_ms ?? 0) / 1000;
}

/** Backend calls that were under way when a callback came. A tenth of a millisecond is what notes are rounded to. */
function callsDuring(notes, callback) {
  const came = beginning(callback);
  return callsOf(notes).filter((call) => beginning(call) - 0.0001 <= came && callback.at <= call.at + 0.0001);
}

function callbacksDuring(notes, anchor) {
  if (anchor.kind !== "integration") return [];
  return notes
    .filter((note) => note.kind === "callback" && callsDuring(notes, note).includes(anchor))
    .flatMap((note) => {
      const guess = callsDuring(notes, note).length > 1;
      return withFrame(notes, note).map((each) => ({ ...each, guess }));
    });
}

/** A callback, and the frame that it became. */
function withFrame(notes, note) {
  if (!note.request_id) return [];
  return notes.filter((other) => other.request_id === note.request_id).map((other) => ({ note: other, guess: false }));
}

/** The handshake's outcome or the closing that a `$connect` or `$disconnect` call belongs to. */
function edgesOf(notes, anchor) {
  const kinds = { CONNECT: ["connected", "refused"], DISCONNECT: ["closed"] }[anchor.event] ?? [];
  const belongs = (note) => kinds.includes(note.kind) || (anchor.event === "DISCONNECT" && isClosing(note));
  return notes.filter((note) => note.connection_id === anchor.connection_id && belongs(note));
}

function isClosing(note) {
  return note.kind === "control-frames" && note.frame === "close";
}

function titleOf(note) {
  if (note.kind === "integration" && note.event !== "MESSAGE") return note.route_key;
  if (note.kind === "integration" || note.kind === "message") return `Message on ${note.route_key || "no route"}`;
  return { connected: "Connected", refused: "Refused", closed: "Closed", callback: "Callback", sent: "Frame to the client", "control-frames": "Control frames" }[note.kind]
    ?? note.operation ?? note.name ?? note.kind;
}

function hopsOf(note, client) {
  const side = !client || note.connection_id === client ? "client" : "others";
  switch (note.kind) {
    case "message":
      return [
        { at: note.at, from: "client", to: "gateway", text: frameText("text", note) },
        { at: note.at, from: "gateway", to: "gateway", text: routeSentence(note), tone: note.route_key ? "" : "bad" },
      ];
    case "integration":
      return callHops(note);
    case "callback":
      return [{ at: beginning(note), from: "django", to: "gateway", text: `${note.method} @connections ${note.status}`, tone: note.status < 300 ? "" : "bad" }];
    case "sent":
      return [{ at: note.at, from: "gateway", to: side, text: frameText(SENT[note.cause], note), tone: note.cause === "error" ? "bad" : "" }];
    case "connected":
      return [{ at: note.at, from: "gateway", to: "client", text: "101 Switching Protocols", tone: "good" }];
    case "refused":
      return [{ at: note.at, from: "gateway", to: "client", text: `${note.status}: ${note.why}`, tone: "bad" }];
    case "closed":
      return [{ at: note.at, from: "gateway", to: "gateway", text: `closed, ${note.code} ${note.reason}`.trim() }];
    case "control-frames":
      return [{ at: note.at, ...CONTROL_WAYS[note.direction], text: controlText(note) }];
    default:
      return [];
  }
}

function callHops(note) {
  const answered = typeof note.result === "number";
  const answer = answered
    ? { from: "django", to: "gateway", text: `${note.result} in ${duration(note.latency_ms / 1000)}`, tone: note.result < 400 ? "good" : "bad" }
    : { from: "gateway", to: "gateway", text: `no answer: ${note.result}`, tone: "bad" };
  const handshake = note.event === "CONNECT" ? [{ at: beginning(note), from: "client", to: "gateway", text: "handshake" }] : [];
  return [
    ...handshake,
    { at: beginning(note), from: "gateway", to: "django", text: `${note.method} ${pathOf(note.url).replace(/\?.*/, "")}` },
    { at: note.at, ...answer },
  ];
}

/** `reply frame, 12 B`, `text in 3 frames, 80.0 KB (2.1 KB)`: compressed, in brackets, and short, since an arrow has little room. */
function frameText(name, note) {
  const frames = note.frames > 1 ? `${name} in ${note.frames} frames` : `${name} frame`;
  return `${frames}, ${bytes(note.size)}${note.compressed ? ` (${bytes(note.wire_size)})` : ""}`;
}

function controlText(note) {
  if (note.frame === "close") return `close frame, ${note.code}`;
  return note.count > 1 ? plural(note.count, note.frame) : note.frame;
}
