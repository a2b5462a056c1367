/** The chosen event: its way, why it went there, and everything that is known of it. */

import { byId, connectionMark, make } from "./dom.js";
import { bytes, clockTime, laidOut } from "./format.js";
import { routeSentence, sizeSentence, wireSentence } from "./notes.js";
import { sequence } from "./sequence.js";
import { storyOf } from "./story.js";

const pane = byId("detail");
let shown = null;

/** Show nothing but what one can do here. */
export function showNothing() {
  pane.replaceChildren(
    make("div", "empty", {},
      make("h2", "", {}, "Follow a message"),
      make("p", "", {}, "Choose an event to see its way: client, gateway, Django, gateway, client, with the time of each hop."),
      make("p", "hint", {}, "Up and Down move through the list.")),
  );
}

/** Show a note. `only` filters the list by a connection; `follow` shows another note. */
export function show(note, notes, { only, follow }) {
  const story = storyOf(notes, note);
  pane.replaceChildren(
    head(note, story, only),
    story.hops.length > 0 && sequence(story.hops, follow),
    story.left > 0 && make("p", "hint", {}, `and ${story.left} more callbacks`),
    ...sectionsOf(note, notes),
    folded("The note itself", make("pre", "", {}, JSON.stringify(note, null, 2))),
  );
  for (const child of [...pane.childNodes]) if (child.nodeType === Node.TEXT_NODE) child.remove();
  if (note !== shown) pane.scrollTop = 0;
  shown = note;
}

function head(note, story, only) {
  const facts = make("p", "facts", {}, make("time", "", {}, clockTime(note.at)));
  if (note.connection_id) {
    const filter = make("button", "small", { type: "button" }, "Only this connection");
    filter.addEventListener("click", () => only(note.connection_id));
    facts.append(connectionMark(note.connection_id, 16), filter);
  }
  return make("header", "", {}, make("h2", "", {}, story.title), facts);
}

function sectionsOf(note, notes) {
  const ofRequest = (kind) => (note.request_id ? notes.find((other) => other.kind === kind && other.request_id === note.request_id) : null);
  const message = ofRequest("message");
  const call = ofRequest("integration") ?? edgeCall(note, notes);
  const sent = ofRequest("sent");
  return [
    message && make("section", "why", { "aria-label": "Why this route" }, make("h3", "", {}, "Why this route"), make("p", "", {}, routeSentence(message))),
    message && text("Frame from the client", message.text, `${wireSentence(message)}; ${sizeSentence(message)}`),
    call && callSection(call),
    sent && text(`Frame to the client (${sent.cause})`, sent.text, `${wireSentence(sent)}; ${bytes(sent.size)}`),
  ].filter(Boolean);
}

function edgeCall(note, notes) {
  const event = { connected: "CONNECT", refused: "CONNECT", closed: "DISCONNECT" }[note.kind];
  return event && notes.find((other) => other.kind === "integration" && other.event === event && other.connection_id === note.connection_id);
}

function callSection(call) {
  const mapped = new Set(call.mapped ?? []);
  const rows = call.headers.map(([name, value]) =>
    make("tr", mapped.has(name) ? "mapped" : "", {}, make("th", "", { scope: "row" }, name, mapped.has(name) && make("span", "visually-hidden", {}, " (mapped)")), make("td", "", {}, value)));
  return make("section", "", {},
    make("h3", "", {}, "Call to Django"),
    make("p", "", {}, make("code", "", {}, `${call.method} ${call.url}`)),
    make("p", "hint", {}, "Marked headers are the ones that the integration maps; the others are the gateway's or the client's own."),
    make("div", "table", { tabIndex: 0, role: "region", "aria-label": "Headers of the call" }, make("table", "", {}, make("tbody", "", {}, ...rows))),
    make("p", "", {}, "Answer: ", make("strong", "", {}, `${call.result}`), call.answer_size === undefined ? "" : `, ${bytes(call.answer_size)}`),
    call.answer && make("pre", "", { tabIndex: 0 }, laidOut(call.answer)));
}

function text(title, body, size) {
  return make("section", "", {}, make("h3", "", {}, title, " ", make("small", "", {}, size)), make("pre", "", { tabIndex: 0 }, laidOut(body) || "(empty)"));
}

function folded(title, content) {
  return make("details", "", {}, make("summary", "", {}, title), content);
}
