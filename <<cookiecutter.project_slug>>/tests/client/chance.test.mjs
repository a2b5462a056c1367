/** What always holds, whatever happens in whatever order. The order is drawn from a seed, and a failure names it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { TOKEN, answer, setUp, settle, watch } from "./harness.mjs";

const SEEDS = 100;
const STEPS = 100;
const MINUTE = 60_000;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function drawn(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class World {
  constructor(seed) {
    const random = drawn(seed);
    this.pick = (choices) => choices[Math.floor(random() * choices.length)];
    Object.assign(this, setUp({ random, lifetime: this.pick([0, MINUTE, 110 * MINUTE]) }));
    this.count = 0;
    this.ended = false;
    this.requests = [];
    this.site.token = () => this.pick([this.good, this.good, this.good, ...this.bad])();
    this.site.check = () => this.pick([this.good, ...this.bad])();
  }

  good = () => answer(200, TOKEN);
  bad = [
    () => answer(500, "<h1>Server Error</h1>"),
    () => answer(200, "<h1>Welcome</h1>"),
    () => answer(429, { error: "rate_limited" }, { "Retry-After": "7" }),
    () => Promise.reject(new TypeError("Failed to fetch")),
    () => new Promise(() => {}),
  ];

  among(state) {
    return this.sockets.filter((socket) => !socket.closed && socket.readyState === state);
  }

  get sent() {
    return this.sockets.flatMap(({ sent }) => sent.filter(({ n }) => n));
  }

  happenings = {
    connect: () => {
      this.ended = false;
      this.client.connect();
    },
    opens: () => this.pick(this.among(0))?.open(),
    drops: () => this.pick([...this.among(0), ...this.among(1)])?.drop(this.pick([1000, 1001, 1006, 1009, 1012])),
    closing: () => this.pick(this.among(1))?.receive({ type: "closing", code: "moved", reconnect: this.pick([true, true, false]) }),
    send: () => {
      if (this.client.state !== "stopped") this.client.send({ n: ++this.count, plain: true });
    },
    request: () => {
      const retries = this.pick([0, 1, 2]);
      const seen = watch(this.client.request({ n: ++this.count }, { retries, timeout: this.pick([1_000, 30_000]) }));
      this.requests.push({ n: this.count, retries, seen });
    },
    reply: () => {
      const socket = this.pick(this.among(1));
      const message = this.pick(socket?.sent ?? []);
      if (message) socket.receive(message === "ping" ? { type: "pong" } : { type: "ok", reply_to: message.id ?? null, n: message.n });
    },
    frame: () => {
      const failure = { message: "Too Many Requests", connectionId: "abc=", requestId: "r" };
      const gone = { type: "error", code: "session_unknown", message: "Gone.", reply_to: null };
      this.pick(this.among(1))?.receive(this.pick(["", "<html>", "null", "7", failure, failure, gone]));
    },
    network: () => this.network.dispatchEvent(new Event(this.pick(["online", "offline"]))),
    look: () => this.page.dispatchEvent(new Event("visibilitychange")),
    moment: () => this.clock.advance(this.pick([10, 500, 2_000])),
    while: () => this.clock.advance(this.pick([15_000, 40_000, 70_000])),
    close: () => {
      this.ended = this.pick([true, this.ended, this.ended]);
      if (this.ended) this.client.close();
    },
  };

  async step() {
    const often = ["opens", "opens", "request", "reply", "reply", "moment"];
    await this.happenings[this.pick([...Object.keys(this.happenings), ...often])]();
    await settle();
    this.check();
  }

  check() {
    const { state } = this.client;
    const times = (n) => this.sent.filter((message) => message.n === n).length;
    if (this.ended) assert.equal(state, "stopped", "closed, and not stopped");
    if (state === "stopped") assert.deepEqual([...this.among(0), ...this.among(1)], [], "stopped, and a socket is there");
    if (state === "open") assert.ok(this.among(1).length > 0, "open without a socket");
    if (state === "waiting" || state === "connecting") assert.ok(this.clock.waiting > 0, `${state}, and nothing will happen`);
    assert.ok(this.among(0).length <= 1, "two sockets are opening");
    const plain = this.sent.filter((message) => message.plain).map(({ n }) => n);
    assert.equal(new Set(plain).size, plain.length, "a message went out twice");
    for (const { n, retries, seen } of this.requests) {
      assert.ok(times(n) <= retries + 1, `request ${n} went out ${times(n)} times with ${retries} retries`);
      if (seen.value) assert.equal(seen.value.n, n, "somebody else's reply");
    }
  }

  /** Everything works from here on. */
  async recover() {
    this.site.token = this.site.check = this.good;
    this.client.connect();
    for (let round = 0; round < 20; round += 1) {
      await this.clock.advance(MINUTE / 2);
      this.among(0).forEach((socket) => socket.open());
      this.among(1).forEach((socket) => socket.receive({ type: "pong" }));
    }
  }
}

test(`${SEEDS} times ${STEPS} things happen: no dead end, nothing twice, every request ends`, async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const world = new World(seed);
    try {
      for (let step = 0; step < STEPS; step += 1) await world.step();
      await world.recover();
      assert.equal(world.client.state, "open");
      assert.deepEqual(world.requests.filter(({ seen }) => !seen.value && !seen.error), []);
      world.client.close();
      await settle();
      assert.equal(world.clock.waiting, 0, "timers are left");
    } catch (error) {
      throw new Error(`With the seed ${seed}: ${error.message}`, { cause: error });
    }
  }
});
