import assert from "node:assert/strict";
import { test } from "node:test";

import { CLOSE_POLICY } from "../../gateway/static/gateway/client.js";
import { setUpOpen, settle } from "./harness.mjs";

const MINUTE = 60_000;

test("a quiet connection carries a message well before ten minutes", async () => {
  const { clock, socket } = await setUpOpen();

  await clock.advance(5 * MINUTE);

  assert.deepEqual(socket.sent, ["ping"]);
});

test("pings go on for as long as they are answered", async () => {
  const { client, clock, socket } = await setUpOpen();

  for (let round = 0; round < 4; round += 1) {
    await clock.advance(5 * MINUTE);
    socket.receive({ type: "pong" });
  }

  assert.deepEqual(socket.sent, ["ping", "ping", "ping", "ping"]);
  assert.equal(client.state, "open");
});

test("traffic in either direction saves the ping, for each ping is billed", async () => {
  const { client, clock, socket } = await setUpOpen();

  await clock.advance(4 * MINUTE);
  socket.receive({ type: "news" });
  await clock.advance(4 * MINUTE);
  client.send({ action: "note" });
  await clock.advance(4 * MINUTE);

  assert.deepEqual(socket.sent, [{ action: "note" }]);
});

test("a clock that is set back does not put the heartbeat off", async () => {
  const { clock, socket } = await setUpOpen();

  clock.jump(-60 * MINUTE);
  await clock.advance(5 * MINUTE);

  assert.deepEqual(socket.sent, ["ping"]);
});

test("a ping without an answer means that the connection is dead: a new one is made", async () => {
  const { clock, socket, sockets, of } = await setUpOpen();

  await clock.advance(5 * MINUTE + 36_000);

  assert.equal(socket.closed, true);
  assert.deepEqual(of("close")[0], { code: 1006, reason: "The server stopped answering." });
  assert.equal(sockets.length, 2);
});

test("a pong is nobody else's business", async () => {
  const { socket, of } = await setUpOpen();

  socket.receive({ type: "pong" });

  assert.deepEqual(of("message"), []);
});

for (const [code, { least, meaning }] of Object.entries(CLOSE_POLICY)) {
  test(`after ${code} (${meaning}) there is a new attempt, no sooner than ${least} ms`, async () => {
    const { clock, socket, sockets, of } = await setUpOpen();

    await clock.advance(MINUTE);
    socket.drop(Number(code));
    assert.equal(of("close")[0].code, Number(code));
    await clock.advance(least);
    assert.equal(sockets.length, 1);
    await clock.advance(1_000);

    assert.equal(sockets.length, 2);
  });
}

test("a close code that nobody knows is followed by a new attempt", async () => {
  const { clock, socket, sockets } = await setUpOpen();

  socket.drop(4321);
  await clock.advance(3_000);

  assert.equal(sockets.length, 2);
});

test("a connection that ends at once counts as a failure: accepting and closing makes no storm", async () => {
  const { clock, socket, sockets, of } = await setUpOpen({ backoff: { base: 1_000, cap: 60_000 } });

  socket.drop(1001);
  for (let round = 1; round < 4; round += 1) {
    await clock.advance(of("state").at(-1).retryIn);
    sockets[round].open();
    sockets[round].drop(1001);
  }

  const waits = of("state").filter(({ state }) => state === "waiting").map(({ retryIn }) => retryIn);
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000]);
});

test("a connection that held makes the next wait short again", async () => {
  const { clock, socket, of } = await setUpOpen();

  await clock.advance(MINUTE);
  socket.drop(1001);

  assert.equal(of("state").at(-1).retryIn, 250);
});

test("coming online ends the wait", async () => {
  const { socket, sockets, network, of } = await setUpOpen();

  socket.drop(1006);
  assert.equal(of("state").at(-1).state, "waiting");
  network.dispatchEvent(new Event("online"));
  await settle();

  assert.equal(sockets.length, 2);
});

test("looking at the tab again ends the wait, looking away does not", async () => {
  const { socket, sockets, page } = await setUpOpen();

  socket.drop(1006);
  page.visibilityState = "hidden";
  page.dispatchEvent(new Event("visibilitychange"));
  await settle();
  assert.equal(sockets.length, 1);
  page.visibilityState = "visible";
  page.dispatchEvent(new Event("visibilitychange"));
  await settle();

  assert.equal(sockets.length, 2);
});

test("after a sleep the connection is probed, and a dead one is replaced within seconds", async () => {
  const { clock, socket, sockets, page } = await setUpOpen();

  await clock.advance(2 * MINUTE);
  page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(socket.sent, ["ping"]);
  await clock.advance(11_000);

  assert.equal(sockets.length, 2);
});

test("a live connection survives the probe", async () => {
  const { client, clock, socket, page } = await setUpOpen();

  await clock.advance(2 * MINUTE);
  page.dispatchEvent(new Event("visibilitychange"));
  await clock.advance(1_000);
  socket.receive({ type: "pong" });
  await clock.advance(MINUTE);

  assert.equal(client.state, "open");
});

test("a tab that is looked at often does not probe a connection that just spoke", async () => {
  const { clock, socket, page } = await setUpOpen();

  await clock.advance(10_000);
  page.dispatchEvent(new Event("visibilitychange"));

  assert.deepEqual(socket.sent, []);
});

test("going offline is checked, not believed: a laptop without a network still reaches itself", async () => {
  const { client, clock, socket, network } = await setUpOpen();

  await clock.advance(1_000);
  network.dispatchEvent(new Event("offline"));
  assert.deepEqual(socket.sent, ["ping"]);
  await clock.advance(1_000);
  socket.receive({ type: "pong" });
  await clock.advance(MINUTE);

  assert.equal(client.state, "open");
});

test("the patience with one probe does not run out on the next", async () => {
  const { client, clock, socket, network } = await setUpOpen();

  network.dispatchEvent(new Event("offline"));
  socket.receive({ type: "pong" });
  await clock.advance(9_000);
  network.dispatchEvent(new Event("offline"));
  await clock.advance(2_000);
  assert.deepEqual(socket.sent, ["ping", "ping"]);
  socket.receive({ type: "pong" });
  await clock.advance(MINUTE);

  assert.equal(client.state, "open");
});

test("a flapping network does not prolong the patience with a dead connection", async () => {
  const { clock, network, of } = await setUpOpen();

  for (let flap = 0; flap < 3; flap += 1) {
    network.dispatchEvent(new Event("offline"));
    await clock.advance(4_000);
  }

  assert.equal(of("close")[0].code, 1006);
});

test("a probe is sent although the clock was set back", async () => {
  const { clock, socket, page } = await setUpOpen();

  await clock.advance(2 * MINUTE);
  clock.jump(-60 * MINUTE);
  page.dispatchEvent(new Event("visibilitychange"));

  assert.deepEqual(socket.sent, ["ping"]);
});

test("a page that was frozen for hours makes one new connection", async () => {
  const { clock, socket, sockets, page } = await setUpOpen();

  clock.jump(3 * 60 * MINUTE);
  page.dispatchEvent(new Event("visibilitychange"));
  socket.drop(1001);
  await clock.advance(1_000);
  sockets[1].open();
  await clock.advance(MINUTE);

  assert.equal(sockets.length, 2);
});

test("a client that was started again hears each browser event once", async () => {
  const { client, clock, sockets, page } = await setUpOpen();

  client.close();
  client.connect();
  await settle();
  sockets[1].open();
  await clock.advance(2 * MINUTE);
  page.dispatchEvent(new Event("visibilitychange"));

  assert.deepEqual(sockets[1].sent, ["ping"]);
});

test("a stopped client listens to no browser event", async () => {
  const { client, network, requests } = await setUpOpen();

  client.close();
  network.dispatchEvent(new Event("online"));
  await settle();

  assert.equal(requests.length, 1);
});
