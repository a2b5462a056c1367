/**
 * A page in TypeScript that uses everything the client's types offer; it is compiled, never run.
 *
 * `Required`, `Record` and mapped types make the lists complete: what client.d.ts gains has to be used here before this compiles again.
 * A line after `@ts-expect-error` has to be refused.
 */

import { CLOSE_POLICY, GatewayClient, GatewayError, MAX_FRAME_BYTES } from "/static/gateway/client.js";
import type { ClosePolicy, Clock, Events, Message, Options, RequestOptions, State, StateDetail } from "/static/gateway/client.js";

type Own<Type> = Exclude<keyof Type, keyof EventTarget>;

const clock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, wait) => window.setTimeout(callback, wait),
  clearTimeout: (timer) => window.clearTimeout(timer as number),
};

export const options: Required<Options> = {
  tokenUrl: "/api/ws-token/",
  checkUrl: "",
  channel: "lobby",
  csrf: () => document.cookie,
  heartbeat: 300_000,
  lifetime: 6_600_000,
  requestTimeout: 30_000,
  retries: 2,
  queueLimit: 100,
  backoff: { base: 500, cap: 30_000 },
  fetch: window.fetch,
  WebSocket,
  clock,
  random: Math.random,
  page: document,
  network: window,
};

const client = new GatewayClient(options);
const target: EventTarget = client;
export const plain = [new GatewayClient(), new GatewayClient({}), new GatewayClient({ csrf: "text" }), target];

const listeners: { [Type in keyof Events]: (detail: Events[Type]) => void } = {
  state({ state, code, message, retryIn }: StateDetail) {
    const texts: (string | undefined)[] = [state, code, message];
    show(texts.join(), retryIn ?? 0);
  },
  open: ({ replaced }) => show(replaced ? "over" : "new"),
  message: (data) => show(data.type),
  error: (error: GatewayError) => show(error.code),
  close: ({ code, reason }) => show(reason, code),
  stopped: ({ code, message }) => show(`${code}: ${message}`),
};

const off: () => void = client.on("state", listeners.state);
client.on("open", listeners.open);
client.on("message", listeners.message);
client.on("error", listeners.error);
client.on("close", listeners.close);
client.on("stopped", listeners.stopped);
client.addEventListener("open", (event) => show((event as CustomEvent<Events["open"]>).detail.replaced ? "over" : "new"));

const message: Message = { id: 7, action: "chat_message", message: "Hello" };
const patience: Required<RequestOptions> = { timeout: 1_000, retries: 0 };

export const members: { [Member in Own<GatewayClient>]: () => unknown } = {
  state: (): State => client.state,
  connect: () => client.connect(),
  close: () => client.close(),
  send: () => client.send(message),
  request: async () => (await client.request(message, patience)).reply_to,
  on: off,
};

export const statics: { [Member in Exclude<keyof typeof GatewayClient, "prototype">]: () => GatewayClient } = {
  fromElement: () => GatewayClient.fromElement(document.body, { retries: 0 }),
};

export async function carefully(): Promise<void> {
  try {
    await client.request({ action: "fetch_history" });
  } catch (error) {
    if (error instanceof GatewayError) show([error.code, error.message, error.errors, error.frame].join());
  }
}

const states: Record<State, string> = { idle: "-", connecting: "...", open: "!", waiting: "?", stopped: "." };
const policy: Required<ClosePolicy> | undefined = CLOSE_POLICY[1006];
const bytes: 32768 = MAX_FRAME_BYTES;

function show(text: string, number = bytes as number): void {
  document.title = `${states[client.state]} ${text} ${number} ${policy?.least} ${policy?.resend} ${policy?.meaning}`;
}

export function refused(): void {
  // @ts-expect-error  there is no such option
  new GatewayClient({ heartBeat: 300_000 });
  // @ts-expect-error  milliseconds are a number
  new GatewayClient({ heartbeat: "5 minutes" });
  // @ts-expect-error  there is no such event
  client.on("opened", () => undefined);
  // @ts-expect-error  that event has no such detail
  client.on("close", ({ status }) => show(status));
  // @ts-expect-error  a message is an object
  client.send("text");
  // @ts-expect-error  nor has a request such an option
  void client.request(message, { tries: 1 });
  // @ts-expect-error  the state is the client's own affair
  client.state = "open";
  // @ts-expect-error  neither are the policies the page's
  CLOSE_POLICY[1006] = CLOSE_POLICY[1000];
}
