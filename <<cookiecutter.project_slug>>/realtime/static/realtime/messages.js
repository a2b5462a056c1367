/** The list of messages: each one once, in the order in which they were sent, grouped by author. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const NEAR_THE_END = 80;
const KEPT = 500;
const GROUP_WITHIN = 5 * 60 * 1000;
const CLOCKS_DIFFER = 60 * 1000;

function make(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** The same colour for the same name, in every browser. */
function hueOf(name) {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

export class MessageList {
  #list;
  #scroll;
  #latest;
  #empty;
  #user;
  #shown = new Set();

  constructor({ list, scroll, latest, empty, user }) {
    this.#list = list;
    this.#scroll = scroll;
    this.#latest = latest;
    this.#empty = empty;
    this.#user = user;
    scroll.addEventListener("scroll", () => this.#atEnd() && (latest.hidden = true));
    latest.addEventListener("click", () => this.#toEnd());
  }

  /** What there was to show is shown: if that is nothing, say so. */
  complete() {
    this.#empty.hidden = this.#list.childElementCount > 0;
  }

  /** A message that came just now. */
  add(data) {
    const follow = this.#atEnd() || data.user === this.#user;
    if (data.user === this.#user) this.#arrived(data.message);
    this.#insert(data);
    if (follow) this.#toEnd();
    else this.#latest.hidden = false;
  }

  /** Messages from the history: those missed while there was no connection are put where they belong. */
  merge(messages) {
    const follow = this.#atEnd();
    for (const data of messages) {
      if (data.user === this.#user && !this.#shown.has(data.message_id)) this.#arrived(data.message, data.sent_on);
      this.#insert(data);
    }
    if (follow) this.#toEnd();
  }

  /** A message that is on its way. `remove` when the server has it, `fail` when it was refused. */
  addPending(text) {
    const item = this.#item({ message: text, user: this.#user, sent_on: new Date().toISOString() });
    const note = make("span", "note", "Sending");
    item.classList.add("pending");
    item.append(note);
    this.#append(item);
    this.#toEnd();
    return {
      remove: () => this.#remove(item),
      fail: (why, again) => {
        const retry = make("button", "quiet", "Send again");
        retry.type = "button";
        retry.addEventListener("click", () => {
          this.#remove(item);
          again();
        });
        item.classList.replace("pending", "failed");
        note.replaceChildren(`Not sent. ${why} `, retry);
      },
    };
  }

  /** Our own message has come round before the answer to it: it is no longer on its way. An older one is not it, clocks allowed for. */
  #arrived(text, sentOn) {
    const pending = [...this.#list.querySelectorAll(".pending")].find((item) => item.querySelector(".text").textContent === text);
    if (pending && !(new Date(pending.dataset.sentOn) - new Date(sentOn) > CLOCKS_DIFFER)) this.#remove(pending);
  }

  #insert(data) {
    if (this.#shown.has(data.message_id)) return;
    if (data.message_id) this.#shown.add(data.message_id);
    const item = this.#item(data);
    item.dataset.id = data.message_id ?? "";
    this.#list.insertBefore(item, this.#placeOf(item));
    while (this.#list.childElementCount > KEPT) this.#list.firstElementChild.remove();
    this.#empty.hidden = true;
    this.#group(item);
    if (item.nextElementSibling) this.#group(item.nextElementSibling);
  }

  /** Before what was sent later, and before what is still on its way. */
  #placeOf(item) {
    const arrived = [...this.#list.children].filter((other) => other.dataset.id !== undefined);
    const later = arrived.find((other) => other.dataset.sentOn > item.dataset.sentOn);
    return later ?? (arrived.length > 0 ? arrived.at(-1).nextSibling : this.#list.firstChild);
  }

  #append(item) {
    this.#list.append(item);
    this.#empty.hidden = true;
    this.#group(item);
  }

  #remove(item) {
    const next = item.nextElementSibling;
    item.remove();
    if (next) this.#group(next);
    this.complete();
  }

  #item({ message, user, sent_on: sentOn }) {
    const date = new Date(sentOn ?? Date.now());
    const valid = Number.isNaN(date.getTime()) ? new Date() : date;
    const item = make("li", "message");
    const name = user || "Notice";
    const time = make("time", "", TIME.format(valid));
    time.dateTime = valid.toISOString();
    time.title = FULL.format(valid);
    const meta = make("p", "meta");
    meta.append(make("strong", "", name), time);
    const avatar = make("span", "avatar", [...name][0].toUpperCase());
    avatar.setAttribute("aria-hidden", "true");
    avatar.style.setProperty("--hue", hueOf(name));
    item.classList.toggle("mine", user === this.#user);
    Object.assign(item.dataset, { user: name, sentOn: valid.toISOString() });
    item.append(avatar, meta, make("p", "text", message));
    return item;
  }

  #group(item) {
    const previous = item.previousElementSibling;
    const close = previous && new Date(item.dataset.sentOn) - new Date(previous.dataset.sentOn) < GROUP_WITHIN;
    item.classList.toggle("follows", Boolean(close) && previous.dataset.user === item.dataset.user);
  }

  #atEnd() {
    return this.#scroll.scrollHeight - this.#scroll.scrollTop - this.#scroll.clientHeight < NEAR_THE_END;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#latest.hidden = true;
  }
}
