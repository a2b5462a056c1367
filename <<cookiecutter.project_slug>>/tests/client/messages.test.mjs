import assert from "node:assert/strict";
import { test } from "node:test";

import { GatewayError, MAX_FRAME_BYTES } from "../../gateway/static/gateway/client.js";
import { setUp, setUpOpen, settle } from "./harness.mjs";

const MINUTE = 60_000;

/** What became of a promise so far. */
function watch(promise) {
  const seen = {};
  promise.then((value) => Object.assign(seen, { value }), (error) => Object.assign(seen, { error }));
  return seen;
}

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

for (const bad of [null, "text", 7, [1]]) {
  test(`${JSON.stringify(bad)} is no message`, async () => {
    const { client } = await setUpOpen();

    assert.throws(() => client.send(bad), { code: "message_invalid" });
    await assert.rejects(client.request(bad), { code: "message_invalid" });
  });
}

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

test("a refusal that nobody waits for is an error event", async () => {
  const { socket, of } = await setUpOpen();

  socket.receive({ type: "error", code: "message_rate_limited", message: "Slow down.", reply_to: null });

  assert.equal(of("error")[0].code, "message_rate_limited");
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

test("an empty message is ignored: API Gateway sends one when Django has nothing to say", async () => {
  const { socket, of } = await setUpOpen();

  socket.receive("");

  assert.deepEqual([of("message"), of("error")], [[], []]);
});

test("a repeat is dropped by its message_id", async () => {
  const { socket, of } = await setUpOpen();

  socket.receive({ type: "news", message_id: "1" });
  socket.receive({ type: "news", message_id: "1" });
  socket.receive({ type: "news", message_id: "2" });

  assert.deepEqual(of("message").map(({ message_id: id }) => id), ["1", "2"]);
});

test("messages without a message_id are never taken for repeats", async () => {
  const { socket, of } = await setUpOpen();

  socket.receive({ type: "tick" });
  socket.receive({ type: "tick" });

  assert.equal(of("message").length, 2);
});

test("the memory of message ids is bounded", async () => {
  const { socket, of } = await setUpOpen();

  for (let id = 0; id <= 500; id += 1) socket.receive({ message_id: id });
  socket.receive({ message_id: 500 });
  assert.equal(of("message").length, 501);
  socket.receive({ message_id: 0 });

  assert.equal(of("message").length, 502);
});

test("a frame that is no JSON is an error event, and the connection goes on", async () => {
  const { client, socket, of } = await setUpOpen();

  socket.receive("<html>502 Bad Gateway</html>");

  assert.equal(of("error")[0].code, "frame_unreadable");
  assert.equal(client.state, "open");
});

for (const frame of [
  { message: "Internal server error", connectionId: "abc=", requestId: "r" },
  { message: "Endpoint request timed out", connectionId: "abc=", requestId: "r" },
  { message: "Forbidden", connectionId: "abc=", requestId: "r" },
  { message: "Bad request body", connectionId: "abc=", messageId: "m" },
]) {
  test(`API Gateway's frame "${frame.message}" is an error event and no message`, async () => {
    const { client, socket, of } = await setUpOpen();

    socket.receive(frame);

    assert.deepEqual([of("error")[0].code, of("error")[0].frame], ["gateway_error", frame]);
    assert.deepEqual(of("message"), []);
    assert.equal(client.state, "open");
  });
}

test("a message with a text and a connectionId of its own is no error of API Gateway", async () => {
  const { socket, of } = await setUpOpen();

  socket.receive({ message: "hello", connectionId: "abc=" });

  assert.equal(of("message").length, 1);
});

test("when Django cannot be reached the message is sent again, on the same connection", async () => {
  const { client, clock, socket, sockets } = await setUpOpen();

  const reply = client.request({ action: "a" });
  socket.receive({ message: "Internal server error", connectionId: "abc=", requestId: "r" });
  await clock.advance(2_000);
  assert.equal(socket.sent.length, 2);
  socket.receive({ type: "ok", reply_to: socket.sent[0].id });

  assert.equal((await reply).type, "ok");
  assert.equal(sockets.length, 1);
});

test("a request that Django could not be reached for in all its tries is rejected with API Gateway's sentence", async () => {
  const { client, socket } = await setUpOpen();

  const reply = client.request({ action: "a" }, { retries: 0 });
  socket.receive({ message: "Endpoint request timed out", connectionId: "abc=", requestId: "r" });

  await assert.rejects(reply, { code: "gateway_error", message: "Endpoint request timed out" });
});

test("of several requests none is sent again for a frame that does not say which one failed", async () => {
  const { client, clock, socket } = await setUpOpen();

  watch(client.request({ action: "a" }));
  watch(client.request({ action: "b" }));
  socket.receive({ message: "Internal server error", connectionId: "abc=", requestId: "r" });
  await clock.advance(5_000);

  assert.equal(socket.sent.length, 2);
});

test("a closing frame without reconnect stops the client and says why", async () => {
  const { client, clock, socket, sockets, of } = await setUpOpen();

  socket.receive({ type: "closing", code: "login_ended", reconnect: false });
  await clock.advance(10 * MINUTE);

  assert.equal(of("stopped")[0].code, "login_ended");
  assert.equal(client.state, "stopped");
  assert.equal(sockets.length, 1);
});

test("a closing frame with reconnect is followed by a new connection", async () => {
  const { clock, socket, sockets } = await setUpOpen();

  socket.receive({ type: "closing", code: "moved", reconnect: true });
  await clock.advance(1_000);

  assert.equal(sockets.length, 2);
});

for (const code of ["session_unknown", "login_ended", "user_agent_changed"]) {
  test(`${code} is about the connection: a new one is asked for, and the request goes with it`, async () => {
    const { client, clock, socket, sockets } = await setUpOpen();

    watch(client.request({ action: "a" }));
    socket.receive({ type: "error", code, message: "Gone.", reply_to: socket.sent[0].id });
    assert.equal(socket.closed, true);
    await clock.advance(2_000);
    sockets[1].open();

    assert.deepEqual(sockets[1].sent, [socket.sent[0]]);
  });
}

test("on returns what ends the listening", async () => {
  const { client, socket } = await setUpOpen();
  const heard = [];
  const off = client.on("message", (data) => heard.push(data));

  socket.receive({ n: 1 });
  off();
  socket.receive({ n: 2 });

  assert.deepEqual(heard, [{ n: 1 }]);
});
