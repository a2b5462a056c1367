/** The chat page: shows what GatewayClient reports and sends what is written. Text reaches the page as text only, never as HTML. */

import { GatewayClient, MAX_FRAME_BYTES } from "../gateway/client.js";
import { MessageList } from "./messages.js";
import { sentence } from "./sentences.js";
import { recording } from "./wire.js";

const element = (id) => document.getElementById(id);
const chat = element("chat");
const { user, sendAction, hasHistory } = chat.dataset;
const list = new MessageList({ list: element("messages"), scroll: element("scroll"), latest: element("latest"), empty: element("empty"), user });
const client = GatewayClient.fromElement(chat, { WebSocket: recording(element("wire"), element("frames")) });

// --- The state of the connection

const NAMES = { connecting: "Connecting", open: "Connected", waiting: "Reconnecting", stopped: "Not connected" };
const WORTH_A_NOTICE = 3_000;
let countdown = 0;
let waits = 0;

function showState({ state, code, message, retryIn = 0 }) {
  element("state").dataset.state = state;
  element("state-text").textContent = NAMES[state] ?? state;
  clearInterval(countdown);
  const until = Date.now() + retryIn;
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    element("countdown").textContent = state === "waiting" && seconds > 0 ? `\u00a0in ${seconds} s` : "";
  };
  tick();
  if (state === "waiting") countdown = setInterval(tick, 250);
  if (state === "open") waits = 0;
  if (state === "open") showNotice(null);
  if (state === "stopped") showNotice(sentence(code, message), { code });
  // A connection that comes back at once is no news.
  if (state === "waiting" && (++waits > 1 || retryIn > WORTH_A_NOTICE)) showNotice(sentence(code, message), { calm: true });
}

function showNotice(text, { code = "", calm = false } = {}) {
  const signIn = code === "login_required" || code === "login_ended";
  element("notice").hidden = !text;
  element("notice").classList.toggle("calm", calm);
  element("notice-text").textContent = text ?? "";
  element("notice-sign-in").hidden = !signIn;
  element("notice-retry").hidden = !code || signIn;
}

client.on("state", showState);
client.on("error", (error) => showNotice(sentence(error.code, error.message)));
element("notice-retry").addEventListener("click", () => client.connect());
element("sign-out").addEventListener("submit", () => client.close());

// --- Messages in

async function showHistory() {
  if (hasHistory === undefined) return;
  try {
    const { messages = [] } = await client.request({ action: "fetch_history" });
    list.merge(messages);
  } catch (error) {
    if (error.code !== "stopped") showNotice(sentence(error.code, error.message));
  }
}

client.on("open", async ({ replaced }) => {
  if (!replaced) await showHistory();
  list.complete();
});
client.on("message", (data) => typeof data?.message === "string" && list.add(data));

// --- Messages out

const composer = element("composer");
const text = element("text");
const hint = element("hint");
const usualHint = hint.textContent;

function body(message) {
  return sendAction ? { action: sendAction, message } : { message };
}

function showSize() {
  const left = MAX_FRAME_BYTES - 256 - new TextEncoder().encode(JSON.stringify(body(text.value))).length;
  hint.classList.toggle("over", left < 0);
  if (left >= 2_000) hint.textContent = usualHint;
  else hint.textContent = left < 0 ? `${-left} bytes too long for one message.` : `${left} bytes left.`;
  return left >= 0;
}

function newId() {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/** Under one id however often it is tried: a message whose reply was lost is stored once. */
async function send(message, id = newId()) {
  const pending = list.addPending(message);
  try {
    await client.request({ ...body(message), id });
    pending.remove();
    showNotice(null);
  } catch (error) {
    pending.fail(sentence(error.code, error.message, error.errors), () => send(message, id));
  }
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!text.value.trim() || !showSize()) return;
  send(text.value);
  text.value = "";
  showSize();
  text.focus();
});
text.addEventListener("input", showSize);
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

// --- Any message at all: to try a route that the page knows nothing of

element("raw").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await client.request(JSON.parse(element("raw-text").value));
    showNotice(null);
  } catch (error) {
    showNotice(error instanceof SyntaxError ? "That is no JSON." : sentence(error.code, error.message, error.errors));
  }
  element("frames").scrollIntoView({ block: "nearest" });
});

// Somebody listens now: what had been entered before would have gone nowhere.
for (const control of document.querySelectorAll(":disabled")) control.disabled = false;
client.connect();
