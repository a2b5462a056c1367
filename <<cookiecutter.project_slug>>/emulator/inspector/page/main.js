/** The inspector: the feed on one side, the person on the other. */

import { show, showNothing } from "./detail.js";
import { byId, make } from "./dom.js";
import { act, Feed } from "./feed.js";
import { clockTime, duration, plural } from "./format.js";
import { FILTERS } from "./notes.js";
import { showApis, showConnections, showFaults, showMetrics } from "./panels.js";
import { Timeline } from "./timeline.js";

const STATES = { live: "Live", waiting: "Reconnecting", refused: "Refused by the emulator", connecting: "Connecting" };
const TOAST_MS = 6000;

const feed = new Feed();
const timeline = new Timeline(feed, showNote);

let shown = null;

function showNote(note) {
  if (!note) return;
  shown = note;
  show(note, feed.notes, { only: showOnly, follow: showNote });
}

/** What comes in may be the rest of the story that is being read. */
function continueStory(notes) {
  if (shown?.request_id && notes.some((note) => note.request_id === shown.request_id)) showNote(shown);
}

function showOnly(connectionId) {
  timeline.filter.connectionId = connectionId;
  const button = byId("only");
  button.hidden = !connectionId;
  button.replaceChildren(connectionId ? `Only ${connectionId} ` : "", make("span", "", { "aria-label": "remove this filter" }, "×"));
  timeline.render();
}

async function attempt(path, body, done = "") {
  try {
    await act(path, body);
    if (done) announce(done);
  } catch (error) {
    const toast = byId("toast");
    toast.textContent = error.message;
    toast.hidden = false;
    setTimeout(() => (toast.hidden = true), TOAST_MS);
  }
}

function announce(text) {
  byId("announcer").textContent = text;
}

function showOverview() {
  const { overview } = feed;
  if (!overview) return;
  showConnections(overview, feed.now, {
    only: showOnly,
    disconnect: (id) => attempt("disconnect", { connection_id: id }, `Disconnected ${id}`),
  });
}

function showFigures({ open, metrics }) {
  const sum = (name) => metrics.reduce((total, row) => total + row[name], 0);
  const figures = { open, connects: sum("ConnectCount"), messages: sum("MessageCount"), errors: sum("IntegrationError") + sum("ClientError") + sum("ExecutionError") };
  byId("figures").replaceChildren(...Object.entries(figures).map(([name, value]) =>
    make("div", "", { "data-name": name, "data-some": value > 0 }, make("dt", "", {}, name), make("dd", "", {}, value.toLocaleString()))));
}

function showClock() {
  if (!feed.overview) return;
  byId("clock").textContent = clockTime(feed.now, { fraction: false });
  const { ahead } = feed.overview;
  byId("warp").hidden = ahead === 0;
  byId("warp").textContent = ahead > 0 ? `${duration(ahead)} ahead` : `${duration(-ahead)} behind`;
}

function tellConnections(notes) {
  const counts = { connected: 0, closed: 0, refused: 0 };
  for (const { kind } of notes) if (kind in counts) counts[kind] += 1;
  const words = Object.entries(counts).filter(([, count]) => count > 0).map(([kind, count]) => `${plural(count, "connection")} ${kind === "connected" ? "opened" : kind}`);
  if (words.length) announce(words.join(", "));
}

feed.addEventListener("state", ({ detail }) => {
  byId("state").dataset.state = detail;
  byId("state").textContent = STATES[detail];
});
feed.addEventListener("notes", ({ detail }) => {
  tellConnections(detail);
  continueStory(detail);
});
feed.addEventListener("overview", ({ detail }) => {
  showOverview();
  showFigures(detail);
  showApis(detail);
  showFaults(detail, { toggle: (name, on, value) => attempt("faults", { name, on, value }, `${name} ${on ? "on" : "off"}`) });
  showMetrics(detail);
});
setInterval(() => {
  showClock();
  showOverview();
}, 1000);

const chosenKinds = new Set();
for (const [name, kinds] of Object.entries(FILTERS)) {
  const button = make("button", "small", { type: "button", "aria-pressed": "false" }, name);
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    for (const kind of kinds) if (on) chosenKinds.add(kind); else chosenKinds.delete(kind);
    timeline.filter.kinds = chosenKinds.size ? chosenKinds : null;
    timeline.render();
  });
  byId("filters").append(button);
}

byId("search").addEventListener("input", ({ target }) => {
  timeline.filter.words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
  timeline.render();
});
byId("only").addEventListener("click", () => showOnly(null));
byId("clear").addEventListener("click", () => {
  feed.clear();
  shown = null;
  showNothing();
});
byId("pause").addEventListener("click", ({ currentTarget }) => {
  timeline.isPaused = !timeline.isPaused;
  currentTarget.setAttribute("aria-pressed", String(timeline.isPaused));
  currentTarget.textContent = timeline.isPaused ? "Resume" : "Pause";
});
byId("export").addEventListener("click", () => {
  const lines = timeline.matching.map((note) => `${JSON.stringify(note)}\n`);
  const url = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
  const link = make("a", "", { href: url, download: "emulator.jsonl" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), TOAST_MS);
});
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => attempt("clock", { seconds: Number(button.dataset.advance) }, "The clock went forward"));
}
for (const button of document.querySelectorAll("[data-restart]")) {
  button.addEventListener("click", () => attempt("restart", { keep_connections: button.dataset.restart === "keep" }, "The gateway restarts"));
}
byId("theme").addEventListener("change", ({ target }) => {
  if (target.value) localStorage.setItem("theme", target.value);
  else localStorage.removeItem("theme");
  document.documentElement.dataset.theme = target.value;
});
byId("theme").value = document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "";
showNothing();
