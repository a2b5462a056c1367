import assert from "node:assert/strict";
import { test } from "node:test";

import { CLOSE_POLICY } from "../../gateway/static/gateway/client.js";
import { answer, setUpOpen, settle } from "./harness.mjs";

const MINUTE = 60_000;
const AGING = { heartbeat: 0, random: () => 0 };

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

test("before two hours a new connection takes over, and the old one stays until it is open", async () => {
  const { client, clock, socket, sockets, of } = await setUpOpen(AGING);

  await clock.advance(110 * MINUTE);
  assert.equal(sockets.length, 2);
  assert.equal(socket.closed, false);
  assert.equal(client.state, "open");
  sockets[1].open();
  client.send({ action: "note" });

  assert.deepEqual(sockets[1].sent, [{ action: "note" }]);
  assert.deepEqual(of("open").at(-1), { replaced: true });
});

test("jitter makes a take-over earlier, never later: sockets that opened together do not come back together", async () => {
  const { clock, sockets } = await setUpOpen({ heartbeat: 0, random: () => 0.5 });

  await clock.advance(107.25 * MINUTE);

  assert.equal(sockets.length, 2);
});

test("the replaced socket still brings what was under way, then it is closed", async () => {
  const { clock, socket, sockets, of } = await setUpOpen(AGING);

  await clock.advance(110 * MINUTE);
  sockets[1].open();
  socket.receive({ type: "news", message_id: 1 });
  await clock.advance(2_000);

  assert.deepEqual(of("message"), [{ type: "news", message_id: 1 }]);
  assert.equal(socket.closed, true);
  assert.deepEqual(of("close"), []);
});

test("what both sockets bring during the take-over is shown once", async () => {
  const { clock, socket, sockets, of } = await setUpOpen(AGING);

  await clock.advance(110 * MINUTE);
  sockets[1].open();
  socket.receive({ type: "news", message_id: 7 });
  sockets[1].receive({ type: "news", message_id: 7 });

  assert.equal(of("message").length, 1);
});

test("a take-over that fails is tried again while the old connection is in use", async () => {
  const { client, clock, site, sockets } = await setUpOpen({ heartbeat: 0 });
  site.token = () => answer(503, {});

  await clock.advance(112 * MINUTE);
  assert.equal(client.state, "open");
  site.token = () => answer(200, { token: "t", url: "wss://ws.example.com/production" });
  await clock.advance(30_000);

  assert.equal(sockets.length, 2);
});

test("an old connection that ends while the take-over waits for its next try starts one attempt, not two", async () => {
  const { clock, site, socket, sockets } = await setUpOpen({ heartbeat: 0 });
  site.token = () => answer(503, {}, { "Retry-After": "10" });

  await clock.advance(107.25 * MINUTE);
  site.token = () => answer(200, { token: "t", url: "wss://ws.example.com/production" });
  socket.drop(1001);
  await clock.advance(20_000);

  assert.equal(sockets.length, 2);
});

test("stopping during the take-over ends the replaced socket too", async () => {
  const { client, clock, socket, sockets } = await setUpOpen(AGING);

  await clock.advance(110 * MINUTE);
  sockets[1].open();
  client.close();

  assert.deepEqual([socket.closed, sockets[1].closed], [true, true]);
});

test("an old connection that ends during the take-over waits for the new one and starts no third", async () => {
  const { client, clock, socket, sockets } = await setUpOpen(AGING);

  await clock.advance(110 * MINUTE);
  socket.drop(1001, "Going away");
  await settle();
  assert.equal(client.state, "connecting");
  sockets[1].open();
  await clock.advance(MINUTE);

  assert.equal(client.state, "open");
  assert.equal(sockets.length, 2);
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
