/** A WebSocket that shows the latest frames in a list, for those who want to see what happens. */

const KEPT = 40;
const SHOWN_CHARACTERS = 400;

export function recording(details, list) {
  const frames = [];

  const show = () => {
    if (!details.open) return;
    list.replaceChildren(
      ...frames.map(({ arrow, name, text }) => {
        const item = document.createElement("li");
        const direction = document.createElement("b");
        direction.textContent = arrow;
        direction.setAttribute("aria-label", name);
        direction.setAttribute("role", "img");
        item.append(direction, text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text || "(empty)");
        return item;
      }),
    );
  };
  const keep = (frame) => {
    frames.unshift(frame);
    frames.length = Math.min(frames.length, KEPT);
    show();
  };
  details.addEventListener("toggle", show);

  return class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => keep({ arrow: "↓", name: "received", text: data }));
    }

    send(data) {
      keep({ arrow: "↑", name: "sent", text: data });
      super.send(data);
    }
  };
}
