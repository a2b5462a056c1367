import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_FRAME_BYTES } from "../../gateway/static/gateway/client.js";
import { setUp, setUpOpen, settle } from "./harness.mjs";

test("a message goes out as JSON at once while there is a connection", async () => {
  const { client, socket } = await setUpOpen();

  client.send({ action: "note", text: "ü" });

  assert.deepEqual(socket.sent, [{ action: "note", text: "ü" }]);
});

test("messages written before the connection is open follow in their order", async () => {
  const { client, sockets } = setUp();

  client.send({ n: 1 });
  client.connect();
  client.send({ n: 2 });
  await settle();
  sockets[0].open();

  assert.deepEqual(sockets[0].sent, [{ n: 1 }, { n: 2 }]);
});

test("the queue is bounded and says so", () => {
  const { client } = setUp({ queueLimit: 2 });

  client.send({ n: 1 });
  client.send({ n: 2 });

  assert.throws(() => client.send({ n: 3 }), { name: "GatewayError", code: "queue_full" });
});

test("a message that a closing socket would swallow waits for the next one", async () => {
  const { client, clock, socket, sockets } = await setUpOpen();

  socket.readyState = 2;
  client.send({ n: 1 });
  socket.drop(1001);
  await clock.advance(1_000);
  sockets[1].open();

  assert.deepEqual(sockets[1].sent, [{ n: 1 }]);
});

test("the largest message that fits one frame is sent", async () => {
  const { client, socket } = await setUpOpen();
  const around = JSON.stringify({ m: "" }).length;

  client.send({ m: "x".repeat(MAX_FRAME_BYTES - around) });

  assert.equal(JSON.stringify(socket.sent[0]).length, MAX_FRAME_BYTES);
});

test("size is counted in bytes, not characters, and what is over is refused before it can cost the connection", async () => {
  const { client, socket } = await setUpOpen();

  assert.throws(() => client.send({ m: "€".repeat(11_000) }), { code: "message_too_large", message: /33008 bytes/ });
  assert.deepEqual(socket.sent, []);
});

test("a request that grows over the limit by its id is refused as well", async () => {
  const { client } = await setUpOpen();

  await assert.rejects(client.request({ m: "x".repeat(MAX_FRAME_BYTES - 8) }), { code: "message_too_large" });
});

const loop = {};
loop.self = loop;

for (const [what, bad] of [
  ["a loop", loop],
  ["a BigInt", { n: 1n }],
  ["a date, which JSON writes as a text", new Date(0)],
  ["a function", () => {}],
  ["nothing", undefined],
]) {
  test(`${what} cannot be sent, and the error says so`, async () => {
    const { client, socket } = await setUpOpen();

    assert.throws(() => client.send(bad), { name: "GatewayError", code: "message_invalid" });
    await assert.rejects(client.request(bad), { name: "GatewayError", code: "message_invalid" });
    assert.deepEqual(socket.sent, []);
  });
}

for (const bad of [null, "text", 7, [1]]) {
  test(`${JSON.stringify(bad)} is no message`, async () => {
    const { client } = await setUpOpen();

    assert.throws(() => client.send(bad), { code: "message_invalid" });
    await assert.rejects(client.request(bad), { code: "message_invalid" });
  });
}
