/** A story's hops as a small sequence: one column a party, one line a hop, with the time since the first. */

import { make } from "./dom.js";
import { milliseconds } from "./format.js";
import { LANES } from "./story.js";

const NAMES = { client: "Client", gateway: "API Gateway", django: "Django", others: "Others" };

/** The list of hops. `choose` is called with a hop's note. */
export function sequence(hops, choose) {
  const lanes = LANES.filter((lane) => lane !== "others" || hops.some((hop) => hop.to === "others"));
  const start = hops[0]?.at ?? 0;
  const list = make("ol", "hops", {}, ...hops.map((hop) => hopLine(hop, hop.at - start, lanes, choose)));
  return make("div", "sequence", { "data-lanes": lanes.length }, heads(lanes), list);
}

function heads(lanes) {
  const names = lanes.map((lane, index) => make("span", "lane", { "data-lane": index + 1 }, NAMES[lane]));
  return make("div", "heads", { "aria-hidden": "true" }, make("span", "since"), make("div", "lanes", {}, ...names));
}

function hopLine(hop, since, lanes, choose) {
  const from = lanes.indexOf(hop.from) + 1;
  const to = lanes.indexOf(hop.to) + 1;
  const way = from === to ? "stays" : to > from ? "right" : "left";
  const spoken = from === to ? `${NAMES[hop.from]}: ` : `${NAMES[hop.from]} to ${NAMES[hop.to]}: `;
  const arrow = make("span", "arrow", { "data-way": way, "data-from": Math.min(from, to), "data-to": Math.max(from, to), "data-tone": hop.tone ?? "", "data-guess": Boolean(hop.guess) });
  const button = make(
    "button",
    "hop",
    { type: "button", title: hop.guess ? "Several backend calls were under way: this may belong to another one." : "" },
    make("span", "since", {}, `+${milliseconds(Math.max(since, 0))}`),
    make("span", "lanes", {}, ...lanes.map((_, index) => make("span", "line", { "data-lane": index + 1, "aria-hidden": "true" })), arrow,
      make("span", "words", { "data-from": Math.min(from, to), "data-to": Math.max(from, to) }, make("span", "visually-hidden", {}, spoken), hop.text)),
  );
  button.addEventListener("click", () => choose(hop.note));
  return make("li", "", {}, button);
}
