import assert from "node:assert/strict";
import { test } from "node:test";

import { setUp, setUpOpen, settle, watch } from "./harness.mjs";

/** Does something the first time that the client is in a state. */
function once(client, wanted, act) {
  const off = client.on("state", ({ state }) => {
    if (state !== wanted) return;
    off();
    act();
  });
}

test("closing while it says that it connects asks for no token", async () => {
  const { client, requests } = setUp();
  once(client, "connecting", () => client.close());

  client.connect();
  await settle();

  assert.deepEqual(requests, []);
});

test("closing while it says that it is open leaves nothing open, and no open event follows", async () => {
  const { client, sockets, of } = setUp();
  once(client, "open", () => client.close());

  client.connect();
  await settle();
  sockets[0].open();

  assert.deepEqual(of("state").map(({ state }) => state), ["connecting", "open", "stopped"]);
  assert.deepEqual(of("open"), []);
  assert.equal(sockets[0].closed, true);
});

test("closing when the connection was lost ends the matter", async () => {
  const { client, clock, socket, sockets } = await setUpOpen();
  client.on("close", () => client.close());

  socket.drop(1001);
  await clock.advance(60_000);

  assert.equal(client.state, "stopped");
  assert.equal(sockets.length, 1);
  assert.equal(clock.waiting, 0);
});

test("starting anew when the connection was lost makes one connection", async () => {
  const { client, clock, socket, sockets } = await setUpOpen();
  const off = client.on("close", () => {
    off();
    client.close();
    client.connect();
  });

  socket.drop(1001);
  await settle();
  sockets[1].open();
  await clock.advance(60_000);

  assert.equal(client.state, "open");
  assert.equal(sockets.length, 2);
});

for (const type of ["state", "close", "stopped"]) {
  test(`starting again in the ${type} event of a stop keeps what was asked for since`, async () => {
    const { client, socket, sockets } = await setUpOpen();
    const off = client.on(type, () => {
      if (client.state !== "stopped") return;
      off();
      client.connect();
      watch(client.request({ action: "again" }));
    });

    socket.receive({ type: "closing", code: "login_ended", reconnect: false });
    await settle();
    sockets[1].open();

    assert.equal(client.state, "open");
    assert.equal(sockets[1].sent[0].action, "again");
  });
}

test("the page's own end of the connection is told as its own", async () => {
  const { client, of } = await setUpOpen();

  client.close();

  assert.deepEqual(of("close"), [{ code: 1000, reason: "The page closed the connection." }]);
});

test("a listener that goes away while a new connection is made hears nothing of it", async () => {
  const { client, clock, socket, sockets } = await setUpOpen();
  const heard = [];
  const off = client.on("message", (data) => heard.push(data));

  socket.drop(1001);
  off();
  await clock.advance(5_000);
  sockets[1].open();
  sockets[1].receive({ n: 1 });

  assert.deepEqual(heard, []);
});
