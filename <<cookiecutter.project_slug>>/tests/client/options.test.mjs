import assert from "node:assert/strict";
import { test } from "node:test";

import { GatewayClient } from "../../gateway/static/gateway/client.js";
import { setUpOpen, watch } from "./harness.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

for (const [name, limit] of [
  ["heartbeat", 10 * MINUTE],
  ["lifetime", 2 * HOUR],
]) {
  for (const bad of [limit, limit + 1, Infinity, -1, NaN, "5 minutes", "300000", null]) {
    test(`a ${name} of ${bad} (${typeof bad}) is refused: API Gateway ends the connection first`, () => {
      assert.throws(() => new GatewayClient({ [name]: bad }), { name: "RangeError", message: new RegExp(`^${name} .*${limit} ms`) });
    });
  }

  for (const good of [0, 1, limit - 1, undefined]) {
    test(`a ${name} of ${good} is below API Gateway's limit`, () => {
      assert.equal(new GatewayClient({ [name]: good }).state, "idle");
    });
  }
}

test("the limits hold for a client from an element as well", () => {
  const element = { dataset: { tokenUrl: "/t/", checkUrl: "/c/", channel: "lobby", csrfCookie: "csrftoken" } };

  assert.throws(() => GatewayClient.fromElement(element, { heartbeat: 15 * MINUTE }), RangeError);
});

for (const retries of [-1, 0.5, NaN]) {
  test(`${retries} retries are none or one, not endless`, async () => {
    const { client, clock, socket } = await setUpOpen({ heartbeat: 0 });

    const seen = watch(client.request({ action: "a" }, { timeout: 1_000, retries }));
    await clock.advance(MINUTE);

    assert.equal(seen.error.code, "timeout");
    assert.ok(socket.sent.length <= 2, `${socket.sent.length} times`);
  });
}

test("endless patience with a reply is patience: a browser's timers end at once when they are to wait for more than 24 days", async () => {
  const { client, clock, socket } = await setUpOpen({ heartbeat: 0, lifetime: 0 });

  const seen = watch(client.request({ action: "a" }, { timeout: Infinity }));
  await clock.advance(HOUR);

  assert.deepEqual([seen, socket.sent.length], [{}, 1]);
});
