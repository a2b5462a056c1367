import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { PERMANENT } from "../../gateway/static/gateway/protocol.js";
import { TOKEN, answer, setUp, settle } from "./harness.mjs";

// That these are the right ones, and that the server has them, is the subject of test_codes.py.
for (const code of PERMANENT) {
  test(`${code} from the token endpoint stops the loop and says why`, async () => {
    const { client, clock, site, requests, of } = setUp();
    site.token = () => answer(403, { error: code, message: "A sentence." });

    client.connect();
    await clock.advance(600_000);

    assert.deepEqual(of("stopped"), [{ code, message: "A sentence." }]);
    assert.equal(client.state, "stopped");
    assert.equal(requests.length, 1);
  });
}

for (const code of PERMANENT) {
  test(`${code} from the check endpoint stops the loop and says why`, async () => {
    const { client, clock, site, sockets, of } = setUp();
    site.check = () => answer(403, { error: code, message: "A sentence." });

    client.connect();
    await settle();
    sockets[0].drop();
    await clock.advance(600_000);

    assert.deepEqual(of("stopped"), [{ code, message: "A sentence." }]);
    assert.equal(client.state, "stopped");
    assert.equal(sockets.length, 1);
  });
}

test("a 401 that says no more stops the loop as well", async () => {
  const { client, site, of } = setUp();
  site.token = () => answer(401, "");

  client.connect();
  await settle();

  assert.equal(of("stopped")[0].code, "http_401");
});

test("a CSRF refusal, which is a page and not JSON, stops the loop", async () => {
  const { client, site, of } = setUp();
  site.token = () => answer(403, "<h1>Forbidden <span>(403)</span></h1><p>CSRF verification failed. Request aborted.</p>");

  client.connect();
  await settle();

  assert.equal(of("stopped")[0].code, "csrf_failed");
});

/** A real site, since only a real answer knows that it was redirected. It sends every request to `target`, which is a page. */
async function siteThatLeadsTo(target) {
  const site = createServer((request, response) => {
    if (request.method === "POST") response.writeHead(302, { Location: target }).end();
    else response.end("<!doctype html><h1>Sign in</h1>");
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  return { site, tokenUrl: `http://127.0.0.1:${site.address().port}/api/ws-token/` };
}

for (const [target, state, code] of [
  ["/accounts/login/?next=/api/ws-token/", "stopped", "login_required"],
  ["/maintenance/", "waiting", "token_answer_invalid"],
]) {
  test(`a token endpoint that leads to ${target} leaves the client ${state}: ${code}`, async () => {
    const { site, tokenUrl } = await siteThatLeadsTo(target);
    const { client, of } = setUp({ tokenUrl, fetch: globalThis.fetch });

    client.connect();
    await new Promise((resolve) => client.on("state", resolve));
    site.close();
    site.closeAllConnections();

    assert.deepEqual([client.state, of("state").at(-1).code], [state, code]);
    client.close();
  });
}

for (const [status, page] of [
  [403, "<h1>Request blocked</h1>"],
  [404, "<h1>Not Found</h1>"],
  [500, "<h1>Server Error (500)</h1>"],
  [502, ""],
  [503, '{"detail": "maintenance"}'],
  [418, '{"error": {"reason": "none of ours"}}'],
]) {
  test(`${status} that is no refusal of Django's may be another machine's, and is tried again`, async () => {
    const { client, clock, site, requests, of } = setUp();
    site.token = () => answer(status, page);

    client.connect();
    await settle();
    assert.equal(of("state").at(-1).code, `http_${status}`);
    await clock.advance(1_000);

    assert.equal(requests.length, 2);
  });
}

test("after a refused handshake the check endpoint tells the reason, and a permanent one stops the loop", async () => {
  const { client, clock, site, sockets, requests, of } = setUp({ channel: "board room" });
  site.check = () => answer(403, { error: "channel_forbidden", message: "You may not join this channel." });

  client.connect();
  await settle();
  sockets[0].drop();
  await clock.advance(600_000);

  assert.equal(requests[1].address, "/api/ws-check/?channel=board%20room");
  assert.equal(requests[1].method, "POST");
  assert.deepEqual(of("stopped"), [{ code: "channel_forbidden", message: "You may not join this channel." }]);
  assert.equal(sockets.length, 1);
});

test("a check endpoint whose address has a query string is asked about the channel as well", async () => {
  const { client, sockets, requests } = setUp({ checkUrl: "/api/ws-check/?site=7", channel: "lobby" });

  client.connect();
  await settle();
  sockets[0].drop();
  await settle();

  assert.equal(requests[1].address, "/api/ws-check/?site=7&channel=lobby");
});

test("a refused handshake without a reason is tried again", async () => {
  const { client, clock, sockets, of } = setUp();

  client.connect();
  await settle();
  sockets[0].drop();
  await settle();
  assert.equal(of("state").at(-1).code, "handshake_failed");
  await clock.advance(1_000);

  assert.equal(sockets.length, 2);
});

test("the check endpoint's Retry-After is obeyed", async () => {
  const { client, site, sockets, of } = setUp({ random: () => 0 });
  site.check = () => answer(429, { error: "rate_limited" }, { "Retry-After": "30" });

  client.connect();
  await settle();
  sockets[0].drop();
  await settle();

  assert.equal(of("state").at(-1).retryIn, 30_000);
});

test("a token refused by the gateway is no reason to stop: the next attempt has a new one", async () => {
  const { client, clock, site, sockets } = setUp();
  site.check = () => answer(401, { error: "token_invalid" });

  client.connect();
  await settle();
  sockets[0].drop();
  await clock.advance(1_000);

  assert.equal(sockets.length, 2);
});

test("an address that the browser refuses stops the loop without showing the token", async () => {
  const { client, site, of } = setUp();
  site.token = () => answer(200, { ...TOKEN, url: "not an address" });

  client.connect();
  await settle();

  assert.equal(of("stopped")[0].code, "socket_refused");
  assert.equal(JSON.stringify(of("stopped")).includes("one-time"), false);
});
