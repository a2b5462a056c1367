/** The side: connections, APIs, faults and figures. Each is drawn anew when the overview changes, and keeps what the person is doing. */

import { byId, connectionMark, make } from "./dom.js";
import { duration, plural } from "./format.js";
import { pathOf } from "./notes.js";

/** The open connections, newest first. */
export function showConnections(overview, now, { only, disconnect }) {
  byId("open-count").textContent = overview.open.toLocaleString();
  byId("no-connections").hidden = overview.open > 0;
  redraw(byId("connections"), overview.connections, (each) => each.id, (each) => connectionCard(each, { only, disconnect }), (card, each) => {
    const idle = Math.max(now - each.last_active_at, 0);
    const left = Math.max(overview.idle_timeout - idle, 0);
    card.querySelector(".age").textContent = `open ${duration(Math.max(now - each.connected_at, 0))}`;
    card.querySelector(".idle").textContent = `idle ${duration(idle)}`;
    card.querySelector(".counts").textContent = `${each.messages_in} in · ${each.messages_out} out`;
    card.querySelector(".card-state").textContent = each.state === "open" ? "" : each.state;
    const meter = card.querySelector("meter");
    meter.value = Math.min(idle / overview.idle_timeout, 1);
    meter.title = `closes in ${duration(left)} unless a message goes in or out`;
  });
}

function connectionCard(each, { only, disconnect }) {
  const filter = make("button", "mark-button", { type: "button", title: "Show only this connection's events" }, connectionMark(each.id, 16));
  filter.addEventListener("click", () => only(each.id));
  const close = make("button", "small danger", { type: "button", "aria-label": `Disconnect ${each.id}` }, "Disconnect");
  close.addEventListener("click", () => disconnect(each.id));
  return make("li", "card", { title: each.user_agent },
    make("div", "card-head", {}, filter, make("span", "card-state"), close),
    make("p", "facts", {}, make("span", "", {}, each.stage), make("span", "age"), make("span", "counts")),
    make("div", "idle-line", {}, make("meter", "", { min: 0, max: 1, high: 0.8, "aria-label": "Idle time used up" }), make("span", "idle")));
}

/** The APIs: stages, what is not deployed yet, routes. */
export function showApis(overview) {
  byId("no-apis").hidden = overview.apis.length > 0;
  redraw(byId("apis"), overview.apis, (api) => JSON.stringify(api), apiCard);
}

function apiCard(api) {
  const routes = api.routes.map((route) => make("tr", "", {},
    make("th", "", { scope: "row" }, make("code", "", {}, route.key)),
    make("td", "", {}, make("code", "", { title: route.uri }, pathOf(route.uri))),
    make("td", "", {}, route.two_way ? make("span", "chip", { title: "The backend's answer goes back to the client" }, "two-way") : "")));
  return make("div", "card api", {},
    make("p", "card-head", {}, make("strong", "", {}, api.name), make("code", "hint", {}, api.api_id)),
    ...api.stages.map(stageLine),
    api.stages.length === 0 && make("p", "hint", {}, "no stage"),
    make("details", "", {}, make("summary", "", {}, plural(api.routes.length, "route"), " by ", make("code", "", {}, api.expression)),
      make("table", "routes", {}, make("tbody", "", {}, ...routes))));
}

function stageLine(stage) {
  const live = stage.changes.length === 0;
  const chip = make("span", "chip", { "data-tone": live ? "good" : "wait" }, live ? "deployed" : plural(stage.changes.length, "undeployed change"));
  return make("div", "stage", {},
    make("p", "", {}, make("code", "", {}, `/${stage.name}`), chip),
    !live && make("ul", "changes", {}, ...stage.changes.map((change) => make("li", "", {}, change))));
}

/** The faults, each with its switch and its value. */
export function showFaults(overview, { toggle }) {
  const on = overview.faults.filter((fault) => fault.value !== null).length;
  byId("fault-count").hidden = on === 0;
  byId("fault-count").textContent = `${on} on`;
  redraw(byId("faults"), overview.faults, (fault) => fault.name, (fault) => faultRow(fault, toggle), (item, fault) => {
    const isOn = fault.value !== null;
    item.querySelector("[role=switch]").setAttribute("aria-checked", String(isOn));
    const input = item.querySelector("input");
    if (document.activeElement !== input) input.value = fault.value ?? fault.default;
  });
}

function faultRow(fault, toggle) {
  const id = `fault-${fault.name}`;
  const input = make("input", "", { type: "number", step: "any", min: 0, "aria-label": `${fault.name}: ${fault.unit}` });
  const button = make("button", "switch", { type: "button", id, role: "switch", "aria-checked": "false", "aria-describedby": `${id}-text` }, make("span", "knob"), make("code", "", {}, fault.name));
  const isOn = () => button.getAttribute("aria-checked") === "true";
  button.addEventListener("click", () => toggle(fault.name, !isOn(), Number(input.value)));
  input.addEventListener("change", () => isOn() && toggle(fault.name, true, Number(input.value)));
  return make("li", "", {}, make("div", "fault-head", {}, button, input), make("p", "hint", { id: `${id}-text` }, `${fault.sentence} Value: ${fault.unit}.`));
}

/** The figures that CloudWatch would have. */
export function showMetrics(overview) {
  redraw(byId("metrics"), overview.metrics, (row) => JSON.stringify(row), (row) => {
    const { Dimensions: { ApiId, Stage }, IntegrationLatency: latency, ...counts } = row;
    const average = latency.SampleCount ? `${(latency.Sum / latency.SampleCount).toFixed(1)} ms` : "none";
    const cells = [...Object.entries(counts), ["IntegrationLatency (average)", average]];
    return make("table", "card metrics", {}, make("caption", "", {}, make("code", "", {}, `${ApiId}/${Stage}`)),
      make("tbody", "", {}, ...cells.map(([name, value]) => make("tr", "", {}, make("th", "", { scope: "row" }, name), make("td", "", {}, value.toLocaleString())))));
  });
}

/** Bring a parent's children in line with a list; what has the same key stays the same element, focus and all. */
function redraw(parent, items, keyOf, create, update = () => {}) {
  const existing = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const node = existing.get(keyOf(item)) ?? create(item);
    node.dataset.key = keyOf(item);
    update(node, item);
    return node;
  });
  const kept = new Set(wanted);
  for (const child of existing.values()) if (!kept.has(child)) child.remove();
  wanted.forEach((node, index) => parent.children[index] === node || parent.insertBefore(node, parent.children[index] ?? null));
}
