/** Elements made from data. Text is always text: nothing here parses markup. */

/** An element with a class, properties and children (nodes or texts; what is false is left out). */
export function make(tag, className = "", properties = {}, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("data-") || name.startsWith("aria-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== false && child !== null && child !== undefined));
  return node;
}

export function byId(id) {
  return document.getElementById(id);
}

/** The same hue for the same connection, everywhere on the page. */
export function hueOf(text) {
  let sum = 11;
  for (const letter of text) sum = (sum * 37 + letter.codePointAt(0)) % 360;
  return sum;
}

/** A short mark for a connection: a dot of its own colour, and the beginning of its id. */
export function connectionMark(connectionId, size = 6) {
  const dot = make("span", "dot");
  dot.style.setProperty("--hue", hueOf(connectionId));
  return make("span", "mark", { title: connectionId }, dot, make("code", "", {}, connectionId.slice(0, size)));
}
