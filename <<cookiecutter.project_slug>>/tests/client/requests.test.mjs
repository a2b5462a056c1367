import assert from "node:assert/strict";
import { test } from "node:test";

import { GatewayError } from "../../gateway/static/gateway/client.js";
import { setUp, setUpOpen, settle, watch } from "./harness.mjs";

const MINUTE = 60_000;

test("a request resolves with the reply to its own message, whatever else comes before", async () => {
  const { client, socket, of } = await setUpOpen();

  const first = client.request({ action: "a" });
  const second = client.request({ action: "b" });
  const [{ id: idOfFirst }, { id: idOfSecond }] = socket.sent;
  socket.receive({ type: "news" });
  socket.receive({ type: "b", reply_to: idOfSecond });
  socket.receive({ type: "a", reply_to: idOfFirst });

  assert.equal((await first).type, "a");
  assert.equal((await second).type, "b");
  assert.deepEqual(of("message"), [{ type: "news" }]);
});

test("a request keeps the id that it was given", async () => {
  const { client, socket } = await setUpOpen();

  const reply = client.request({ action: "a", id: "mine" });
  socket.receive({ type: "ok", reply_to: "mine" });

  assert.equal((await reply).type, "ok");
});

test("an id that still waits for its reply cannot be used twice", async () => {
  const { client } = await setUpOpen();

  watch(client.request({ id: "mine" }));

  await assert.rejects(client.request({ id: "mine" }), { code: "id_in_use" });
});

test("a refused request rejects with the code, the sentence and the errors of the fields", async () => {
  const { client, socket, of } = await setUpOpen();

  const reply = client.request({ action: "a" });
  const frame = { type: "error", code: "payload_invalid", message: "No.", reply_to: socket.sent[0].id, errors: { x: ["Bad."] } };
  socket.receive(frame);

  await assert.rejects(reply, (error) => {
    assert.ok(error instanceof GatewayError);
    assert.deepEqual([error.code, error.message, error.errors], ["payload_invalid", "No.", { x: ["Bad."] }]);
    return true;
  });
  assert.deepEqual(of("error"), []);
});

test("a request without a reply is sent again under the same id, then given up", async () => {
  const { client, clock, socket } = await setUpOpen({ heartbeat: 0 });

  const seen = watch(client.request({ action: "a" }, { timeout: 1_000, retries: 2 }));
  await clock.advance(2_999);
  assert.equal(socket.sent.length, 3);
  assert.equal(new Set(socket.sent.map(({ id }) => id)).size, 1);
  assert.deepEqual(seen, {});
  await clock.advance(1);

  assert.equal(seen.error.code, "timeout");
});

test("a second reply to a request that was sent twice is dropped", async () => {
  const { client, clock, socket, of } = await setUpOpen();

  const reply = client.request({ action: "a" }, { timeout: 1_000 });
  await clock.advance(1_000);
  socket.receive({ type: "ok", reply_to: socket.sent[0].id });
  socket.receive({ type: "ok", reply_to: socket.sent[0].id });
  await reply;

  assert.deepEqual(of("message"), []);
});

test("a request whose connection was lost is sent again on the next one, before later messages", async () => {
  const { client, clock, socket, sockets } = await setUpOpen();

  const reply = client.request({ action: "a" });
  socket.readyState = 2;
  client.send({ n: 2 });
  socket.drop(1006);
  await clock.advance(2_000);
  sockets[1].open();
  assert.deepEqual(sockets[1].sent, [{ action: "a", id: socket.sent[0].id }, { n: 2 }]);
  sockets[1].receive({ type: "ok", reply_to: socket.sent[0].id });

  assert.equal((await reply).type, "ok");
});

test("a request that may be sent once only is rejected when its connection is lost", async () => {
  const { client, socket } = await setUpOpen();

  const reply = client.request({ action: "pay" }, { retries: 0 });
  socket.drop(1006);

  await assert.rejects(reply, { code: "connection_lost" });
});

for (const code of [1002, 1003, 1007, 1009]) {
  test(`what led to ${code} is not sent again`, async () => {
    const { client, clock, socket, sockets } = await setUpOpen();

    const reply = client.request({ action: "a" });
    socket.drop(code);
    await assert.rejects(reply, { code: "connection_lost" });
    await clock.advance(5_000);
    sockets[1].open();

    assert.deepEqual(sockets[1].sent, []);
  });
}

test("a request made without a connection waits for one, and gives up in the end", async () => {
  const { client, clock } = setUp();

  const seen = watch(client.request({ action: "a" }, { timeout: 1_000, retries: 1 }));
  await clock.advance(2_000);

  assert.equal(seen.error.code, "timeout");
});

test("a request that waited long for a connection goes out once", async () => {
  const { client, clock, sockets } = setUp();

  watch(client.request({ action: "a" }, { timeout: 1_000, retries: 5 }));
  await clock.advance(3_000);
  client.connect();
  await settle();
  sockets[0].open();

  assert.equal(sockets[0].sent.length, 1);
});

test("a request that was answered is not sent again", async () => {
  const { client, clock, socket } = await setUpOpen({ heartbeat: 0 });

  const reply = client.request({ action: "a" });
  socket.receive({ type: "ok", reply_to: socket.sent[0].id });
  await reply;
  await clock.advance(2 * MINUTE);

  assert.equal(socket.sent.length, 1);
});

test("a request that was given up does not go out later", async () => {
  const { client, clock, sockets } = setUp();

  watch(client.request({ action: "a" }, { timeout: 1_000, retries: 0 }));
  await clock.advance(1_000);
  client.connect();
  await settle();
  sockets[0].open();

  assert.deepEqual(sockets[0].sent, []);
});

test("stopping rejects what waits, and what comes after", async () => {
  const { client } = await setUpOpen();

  const reply = client.request({ action: "a" });
  client.close();

  await assert.rejects(reply, { code: "stopped" });
  await assert.rejects(client.request({ action: "a" }), { code: "stopped" });
  assert.throws(() => client.send({ action: "a" }), { code: "stopped" });
});
