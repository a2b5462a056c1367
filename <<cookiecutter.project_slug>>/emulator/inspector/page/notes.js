/** What a note of the journal means, in words. Pure. */

import { bytes, duration, plural } from "./format.js";

const DIRECTIONS = {
  message: "client to gateway",
  sent: "gateway to client",
  integration: "gateway to Django and back",
  callback: "Django to gateway",
};

/** The chips above the list: which kinds each of them stands for. */
export const FILTERS = {
  Sockets: ["connected", "refused", "closed"],
  Frames: ["message", "sent", "control-frames"],
  Backend: ["integration"],
  "@connections": ["callback"],
  "Control plane": ["control"],
  Faults: ["fault", "switched", "advanced", "restarted", "bug"],
};

const LABELS = {
  connected: "open",
  refused: "refused",
  closed: "closed",
  message: "frame in",
  sent: "frame out",
  integration: "backend",
  callback: "callback",
  control: "control",
  fault: "fault",
  switched: "fault",
  advanced: "clock",
  bug: "bug",
};

/** `{label, direction, summary, outcome, tone}` of one note; tone is `good`, `wait`, `bad` or empty. */
export function described(note) {
  const words = (SENTENCES[note.kind] ?? unknown)(note);
  return { label: LABELS[note.kind] ?? note.kind, direction: DIRECTIONS[note.kind] ?? "", tone: "", outcome: "", ...words };
}

const SENTENCES = {
  connected: (note) => ({ summary: `handshake accepted on ${note.stage}, from ${note.ip}`, outcome: "101", tone: "good" }),
  refused: (note) => ({ summary: `handshake refused at ${note.path}: ${note.why}`, outcome: `${note.status}`, tone: "bad" }),
  "control-frames": controlFrames,
  closed: (note) => ({ summary: note.reason || "no reason given", outcome: `${note.code}`, tone: closingTone(note.code) }),
  message: (note) => ({ summary: note.text || "(empty)", outcome: note.route_key || "no route", tone: note.route_key ? "" : "bad" }),
  sent: (note) => ({ summary: note.text || "(empty)", outcome: note.cause, tone: note.cause === "error" ? "bad" : "" }),
  integration: (note) => ({
    summary: `${note.method} ${pathOf(note.url)}`,
    outcome: typeof note.result === "number" ? `${note.result} · ${duration(note.latency_ms / 1000)}` : note.result,
    tone: statusTone(note.result),
  }),
  callback: (note) => ({
    summary: `${note.method} @connections${note.why ? `: ${note.why}` : ""}`,
    outcome: `${note.status} · ${duration(note.latency_ms / 1000)}`,
    tone: statusTone(note.status),
  }),
  control: (note) => ({ summary: `${note.operation}  ${note.path}`, outcome: `${note.status}`, tone: statusTone(note.status) }),
  fault: (note) => ({ summary: `${note.name} struck`, tone: "wait" }),
  switched: (note) => ({ summary: note.name, outcome: note.value === null ? "off" : `on: ${note.value}`, tone: "wait" }),
  advanced: (note) => ({ summary: `the clock went forward by ${duration(note.seconds)}`, tone: "wait" }),
  bug: (note) => ({ summary: `the emulator has a bug: ${note.error}. Its log says where.`, tone: "bad" }),
};

const CONTROL = {
  "ping in": "the client asks whether the gateway is there",
  "pong out": "the gateway answers",
  "pong in": "nobody asked the client for it",
  "close in": "the client says good-bye",
  "close out": "the gateway says good-bye",
};

function controlFrames(note) {
  const label = `${note.frame} ${note.direction}`;
  const words = { label, direction: DIRECTIONS[note.direction === "in" ? "message" : "sent"], summary: CONTROL[label] ?? "" };
  if (note.frame !== "close") return { ...words, outcome: note.count > 1 ? plural(note.count, "frame") : "" };
  return { ...words, summary: note.reason ? `${words.summary}: ${note.reason}` : words.summary, outcome: `${note.code}`, tone: closingTone(note.code) };
}

function unknown(note) {
  return { summary: JSON.stringify(note) };
}

function closingTone(code) {
  return code === 1000 || code === 1001 || code === 1005 ? "" : "bad";
}

export function statusTone(status) {
  if (typeof status !== "number") return "bad";
  return status < 300 ? "good" : status < 400 ? "wait" : "bad";
}

export function pathOf(url) {
  return url.replace(/^https?:\/\/[^/]+/, "");
}

/** Why a message went where it went, as a sentence for people. */
export function routeSentence(note) {
  if (!note.route_key) return `No route: ${note.why}, and there is no $default. The client gets "Forbidden".`;
  if (note.route_key === "$default") return `$default, because ${note.why}.`;
  return `${note.route_key}: ${note.why}.`;
}

export function sizeSentence(note) {
  return `${bytes(note.size)}, ${plural(Math.max(Math.ceil(note.size / 32768), 1), "unit")} of 32 KB on the bill`;
}

/** How a message travelled: in how many frames, and what compression left of it. */
export function wireSentence({ frames, wire_size: size, compressed }) {
  return `${plural(frames, "frame")}, ${bytes(size)} on the wire${compressed ? ", compressed" : ""}`;
}

/** Whether a note passes the filter `{words, kinds, connectionId}`. */
export function passes(note, { words, kinds, connectionId }) {
  if (kinds && !kinds.has(note.kind)) return false;
  if (connectionId && note.connection_id !== connectionId) return false;
  if (!words.length) return true;
  const haystack = JSON.stringify(note).toLowerCase();
  return words.every((word) => haystack.includes(word));
}
