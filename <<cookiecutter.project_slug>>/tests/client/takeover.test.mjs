import assert from "node:assert/strict";
import { test } from "node:test";

import { TOKEN, answer, setUpOpen, settle, watch } from "./harness.mjs";

const MINUTE = 60_000;
const AGING = { heartbeat: 0, random: () => 0 };

/** A client in the middle of its first take-over: the old socket is still there, the new one has just opened. */
async function setUpReplaced(during = () => {}) {
  const all = await setUpOpen(AGING);
  await all.clock.advance(110 * MINUTE);
  during(all);
  all.sockets[1].open();
  return { ...all, old: all.socket, fresh: all.sockets[1] };
}

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

test("a take-over is no change of state", async () => {
  const { of } = await setUpReplaced();

  assert.deepEqual(of("state").map(({ state }) => state), ["connecting", "open"]);
});

test("the old socket stays until the replies that are due on it have come", async () => {
  let reply;
  const { clock, old, fresh } = await setUpReplaced(({ client }) => (reply = client.request({ action: "slow" })));

  await clock.advance(20_000);
  assert.equal(old.closed, false);
  old.receive({ type: "done", reply_to: old.sent[0].id });
  assert.equal((await reply).type, "done");
  await clock.advance(2_000);

  assert.equal(old.closed, true);
  assert.deepEqual(fresh.sent, []);
});

test("the old socket stays no longer than API Gateway waits for a reply", async () => {
  const { clock, old } = await setUpReplaced(({ client }) => watch(client.request({ action: "slow" }, { timeout: 10 * MINUTE })));

  await clock.advance(36_000);

  assert.equal(old.closed, true);
});

test("a request whose old socket breaks goes over the new one at once", async () => {
  const { old, fresh } = await setUpReplaced(({ client }) => watch(client.request({ action: "a" })));

  old.drop(1001);

  assert.deepEqual(fresh.sent, old.sent);
});

test("a refusal of the old connection sends the request over the new one", async () => {
  const { client, old, fresh } = await setUpReplaced(({ client }) => watch(client.request({ action: "a" })));

  old.receive({ type: "error", code: "session_unknown", message: "Gone.", reply_to: old.sent[0].id });

  assert.deepEqual(fresh.sent, old.sent);
  assert.equal(client.state, "open");
});

test("requests over the new socket are not touched by the end of the old one", async () => {
  const { client, old, fresh } = await setUpReplaced();

  watch(client.request({ action: "a" }));
  old.drop(1001);

  assert.equal(fresh.sent.length, 1);
});

for (const reconnect of [false, true]) {
  test(`a closing frame (reconnect: ${reconnect}) for the replaced connection is not about the one in use`, async () => {
    const { client, clock, old, sockets } = await setUpReplaced();

    old.receive({ type: "closing", code: "replaced", reconnect });
    await clock.advance(MINUTE);

    assert.equal(old.closed, true);
    assert.equal(client.state, "open");
    assert.equal(sockets.length, 2);
  });
}

test("a week of take-overs leaves neither sockets nor timers behind", async () => {
  const { clock, sockets } = await setUpOpen(AGING);

  for (let hours = 0; hours < 168; hours += 1) {
    await clock.advance(60 * MINUTE);
    if (sockets.at(-1).readyState === 0) sockets.at(-1).open();
  }
  await clock.advance(MINUTE);

  assert.ok(sockets.length > 80);
  assert.deepEqual(sockets.filter(({ closed }) => !closed), [sockets.at(-1)]);
  assert.ok(clock.waiting <= 3, `${clock.waiting} timers`);
});

test("what is sent in each moment of a take-over goes out once, and in its order", async () => {
  const { client, clock, site, socket, sockets } = await setUpOpen(AGING);
  const sent = () => sockets.flatMap((each) => each.sent.map(({ n }) => n));
  let issue;
  site.token = () => new Promise((resolve) => (issue = () => resolve(answer(200, TOKEN))));

  await clock.advance(110 * MINUTE);
  client.send({ n: 1 }); // while the token is asked for
  issue();
  await settle();
  watch(client.request({ n: 2 })); // during the handshake
  socket.readyState = 2;
  client.send({ n: 3 }); // while the old socket closes and the new one is not there
  sockets[1].open();
  client.send({ n: 4 });
  socket.receive({ type: "ok", reply_to: socket.sent[1].id });
  await clock.advance(MINUTE);

  assert.deepEqual(sent(), [1, 2, 3, 4]);
});
