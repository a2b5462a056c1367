import assert from "node:assert/strict";
import { test } from "node:test";

import { setUpOpen, watch } from "./harness.mjs";

const MINUTE = 60_000;

test("a refusal that nobody waits for is an error event", async () => {
  const { socket, of } = await setUpOpen();

  socket.receive({ type: "error", code: "message_rate_limited", message: "Slow down.", reply_to: null });

  assert.equal(of("error")[0].code, "message_rate_limited");
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

test("a binary frame, which API Gateway never sends, is an error event, and the connection goes on", async () => {
  const { client, socket, of } = await setUpOpen();

  socket.onmessage({ data: new Blob(["{}"]) });

  assert.equal(of("error")[0].code, "frame_unreadable");
  assert.equal(client.state, "open");
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
  { message: "Too Many Requests", connectionId: "abc=", requestId: "r" },
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

test("a throttled request is sent again, a little later and on the same connection", async () => {
  const { client, clock, socket, sockets } = await setUpOpen();

  watch(client.request({ action: "a" }));
  socket.receive({ message: "Too Many Requests", connectionId: "abc=", requestId: "r" });
  await clock.advance(999);
  assert.equal(socket.sent.length, 1);
  await clock.advance(1_001);

  assert.deepEqual(socket.sent, [socket.sent[0], socket.sent[0]]);
  assert.equal(sockets.length, 1);
});

const failure = { message: "Internal server error", connectionId: "abc=", requestId: "r" };

test("as many such frames as requests mean all of them, and all are sent again", async () => {
  const { client, clock, socket } = await setUpOpen();

  watch(client.request({ action: "a" }));
  watch(client.request({ action: "b" }));
  socket.receive(failure);
  socket.receive(failure);
  await clock.advance(5_000);

  assert.deepEqual(socket.sent.map(({ action }) => action), ["a", "b", "a", "b"]);
});

test("the request that is left when the others are answered is the one that failed", async () => {
  const { client, clock, socket } = await setUpOpen();

  watch(client.request({ action: "a" }));
  watch(client.request({ action: "b" }));
  socket.receive(failure);
  socket.receive({ type: "ok", reply_to: socket.sent[0].id });
  await clock.advance(5_000);

  assert.deepEqual(socket.sent.map(({ action }) => action), ["a", "b", "b"]);
});

test("a failure while no request waits is not held against a later one", async () => {
  const { client, clock, socket } = await setUpOpen();

  client.send({ action: "a" });
  socket.receive(failure);
  watch(client.request({ action: "b" }));
  watch(client.request({ action: "c" }));
  socket.receive({ type: "ok", reply_to: socket.sent[1].id });
  await clock.advance(5_000);

  assert.equal(socket.sent.length, 3);
});

test("a failure is not held against others once the request that it may have meant has run out", async () => {
  const { client, clock, socket } = await setUpOpen();

  const ran = watch(client.request({ action: "a" }, { timeout: 1_000, retries: 0 }));
  watch(client.request({ action: "b" }));
  watch(client.request({ action: "c" }));
  socket.receive(failure);
  await clock.advance(1_000);
  socket.receive({ type: "ok", reply_to: socket.sent[1].id });
  await clock.advance(5_000);

  assert.equal(ran.error.code, "timeout");
  assert.equal(socket.sent.length, 3);
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

for (const reconnect of [true, false]) {
  test(`a second closing frame (reconnect: ${reconnect}) adds nothing to the first`, async () => {
    const { clock, socket, sockets, of } = await setUpOpen();
    const { onmessage } = socket; // the frame that was under way already

    socket.receive({ type: "closing", code: "moved", reconnect });
    onmessage({ data: JSON.stringify({ type: "closing", code: "moved", reconnect }) });
    await clock.advance(10_000);

    assert.equal(of("close").length, 1);
    assert.equal(of("stopped").length, reconnect ? 0 : 1);
    assert.equal(sockets.length, reconnect ? 2 : 1);
  });
}

for (const text of ["null", "7", '"text"', "[]", "true", "{", "undefined"]) {
  test(`the frame ${text} harms nothing`, async () => {
    const { client, socket, of } = await setUpOpen();

    const reply = client.request({ action: "a" });
    socket.receive(text);
    socket.receive({ type: "ok", reply_to: socket.sent[0].id });

    assert.equal((await reply).type, "ok");
    assert.equal(of("message").length + of("error").length, 1);
    assert.equal(client.state, "open");
  });
}

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
