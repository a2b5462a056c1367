import assert from "node:assert/strict";
import { test } from "node:test";

import { TOKEN, answer, setUp, setUpOpen, settle } from "./harness.mjs";

test("an attempt posts for a token with the CSRF header and opens the socket with token and channel", async () => {
  const { client, requests, sockets } = setUp({ channel: "lobby" });

  client.connect();
  await settle();

  assert.equal(requests[0].address, "/api/ws-token/");
  assert.equal(requests[0].method, "POST");
  assert.equal(requests[0].credentials, "same-origin");
  assert.equal(requests[0].headers["X-CSRFToken"], "csrf");
  assert.equal(sockets[0].url.href, "wss://ws.example.com/production?ws_token=one-time&channel=lobby");
});

test("without a channel the gateway's default is left to the server", async () => {
  const { client, sockets } = setUp();

  client.connect();
  await settle();

  assert.equal(sockets[0].url.searchParams.has("channel"), false);
});

test("an option that is undefined is the default, as for a parameter", async () => {
  const { client, requests, sockets } = setUp({ tokenUrl: undefined, channel: undefined, backoff: undefined });

  client.connect();
  await settle();
  sockets[0].drop();
  await settle();

  assert.deepEqual(requests.map(({ address }) => address), ["/api/ws-token/", "/api/ws-check/?channel="]);
});

test("states go from connecting to open, and open is announced once", async () => {
  const { client, of } = await setUpOpen();

  assert.deepEqual(of("state").map(({ state }) => state), ["connecting", "open"]);
  assert.deepEqual(of("open"), [{ replaced: false }]);
  assert.equal(client.state, "open");
});

test("a second connect while connecting opens no second socket", async () => {
  const { client, sockets } = setUp();

  client.connect();
  client.connect();
  await settle();

  assert.equal(sockets.length, 1);
});

test("each attempt has a token of its own", async () => {
  let made = 0;
  const { client, clock, site, sockets } = setUp();
  site.token = () => answer(200, { ...TOKEN, token: `token-${++made}` });

  client.connect();
  await settle();
  sockets[0].drop();
  await clock.advance(5_000);

  assert.deepEqual(sockets.map(({ url }) => url.searchParams.get("ws_token")), ["token-1", "token-2"]);
});

test("a network failure while asking for a token is a failed attempt, not the end", async () => {
  const { client, clock, site, sockets, of } = setUp();
  site.token = () => Promise.reject(new TypeError("Failed to fetch"));

  client.connect();
  await settle();
  assert.equal(of("state").at(-1).code, "site_unreachable");
  site.token = () => answer(200, TOKEN);
  await clock.advance(1_000);

  assert.equal(sockets.length, 1);
});

test("a token request that never answers is given up and tried again", async () => {
  const { client, clock, requests, site } = setUp();
  site.token = () => new Promise(() => {});

  client.connect();
  await clock.advance(15_000);
  assert.equal(client.state, "waiting");
  assert.equal(requests[0].signal.aborted, true);
  await clock.advance(1_000);

  assert.equal(requests.length, 2);
});

test("an answer without a token is a failed attempt", async () => {
  const { client, site, of } = setUp();
  site.token = () => answer(200, "<html>a captive portal</html>");

  client.connect();
  await settle();

  assert.equal(of("state").at(-1).code, "token_answer_invalid");
  assert.equal(client.state, "waiting");
});

test("a handshake that is not answered is given up", async () => {
  const { client, clock, sockets } = setUp();

  client.connect();
  await clock.advance(35_000);

  assert.equal(sockets[0].closed, true);
  assert.equal(client.state, "waiting");
});

test("waits grow with each failure up to the cap, with full jitter", async () => {
  const { client, clock, site, of } = setUp({ backoff: { base: 1_000, cap: 8_000 } });
  site.token = () => answer(503, {});

  client.connect();
  await clock.advance(30_000);

  const waits = of("state").filter(({ state }) => state === "waiting").map(({ retryIn }) => retryIn);
  assert.deepEqual(waits.slice(0, 5), [1_000, 2_000, 4_000, 4_000, 4_000]);
});

test("jitter is full: the least wait is none at all", async () => {
  const { client, site, of } = setUp({ random: () => 0 });
  site.token = () => answer(503, {});

  client.connect();
  await settle();

  assert.equal(of("state").find(({ state }) => state === "waiting").retryIn, 0);
  client.close();
});

test("Retry-After in seconds is obeyed, and jitter comes on top", async () => {
  const { client, clock, site, requests, of } = setUp();
  site.token = () => answer(429, { error: "rate_limited", message: "Too many." }, { "Retry-After": "20" });

  client.connect();
  await settle();
  const { retryIn, code } = of("state").at(-1);
  await clock.advance(20_000);

  assert.equal(code, "rate_limited");
  assert.equal(retryIn, 20_500);
  assert.equal(requests.length, 1);
});

test("Retry-After as a date is obeyed", async () => {
  const { client, clock, site, of } = setUp({ random: () => 0 });
  const date = new Date(clock.now() + 42_000).toUTCString();
  site.token = () => answer(503, {}, { "Retry-After": date });

  client.connect();
  await settle();

  assert.equal(of("state").at(-1).retryIn, 42_000);
});

for (const header of ["99999999", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
  test(`a Retry-After of ${header} is an hour: a timer of more than 24 days would end at once`, async () => {
    const { client, site, of } = setUp({ random: () => 0 });
    site.token = () => answer(503, {}, { "Retry-After": header });

    client.connect();
    await settle();

    assert.equal(of("state").at(-1).retryIn, 3_600_000);
    client.close();
  });
}

test("a Retry-After in the past asks for nothing", async () => {
  const { client, clock, site, of } = setUp({ random: () => 0.5 });
  const date = new Date(clock.now() - 60_000).toUTCString();
  site.token = () => answer(503, {}, { "Retry-After": date });

  client.connect();
  await settle();

  assert.equal(of("state").at(-1).retryIn, 500);
});

test("coming online does not shorten what the server asked for", async () => {
  const { client, clock, site, network, requests } = setUp();
  site.token = () => answer(429, { error: "rate_limited" }, { "Retry-After": "60" });

  client.connect();
  await settle();
  await clock.advance(5_000);
  network.dispatchEvent(new Event("online"));
  await settle();

  assert.equal(requests.length, 1);
});

test("close ends everything: no timer, no socket, no further attempt", async () => {
  const { client, clock, socket, sockets, of } = await setUpOpen();

  client.close();
  assert.equal(clock.waiting, 0);
  await clock.advance(600_000);

  assert.equal(socket.closed, true);
  assert.equal(sockets.length, 1);
  assert.equal(of("stopped")[0].code, "closed");
});

test("close during the token request lets nothing come of it", async () => {
  const { client, site, sockets } = setUp();
  const { promise, resolve } = (() => {
    let resolve;
    const promise = new Promise((done) => (resolve = done));
    return { promise, resolve };
  })();
  site.token = () => promise;

  client.connect();
  await settle();
  client.close();
  resolve(answer(200, TOKEN));
  await settle();

  assert.equal(sockets.length, 0);
});

test("close ends a token request that hangs, and its timer", async () => {
  const { client, clock, requests, site } = setUp();
  site.token = () => new Promise(() => {});

  client.connect();
  await settle();
  client.close();
  await settle();

  assert.deepEqual([requests[0].signal.aborted, clock.waiting], [true, 0]);
});

test("close while the check endpoint is asked ends that, and nothing comes of it", async () => {
  const { client, clock, requests, site, sockets, of } = setUp();
  site.check = () => new Promise(() => {});

  client.connect();
  await settle();
  sockets[0].drop();
  await settle();
  client.close();
  await clock.advance(600_000);

  assert.deepEqual([requests[1].signal.aborted, clock.waiting, requests.length], [true, 0, 2]);
  assert.deepEqual(of("stopped").map(({ code }) => code), ["closed"]);
});

test("close while waiting ends the wait", async () => {
  const { client, clock, requests, site } = setUp();
  site.token = () => answer(503, {});

  client.connect();
  await settle();
  assert.equal(client.state, "waiting");
  client.close();
  assert.equal(clock.waiting, 0);
  await clock.advance(600_000);

  assert.equal(requests.length, 1);
});

test("close during the handshake ends the socket", async () => {
  const { client, clock, sockets, of } = setUp();

  client.connect();
  await settle();
  client.close();

  assert.deepEqual([sockets[0].closed, clock.waiting], [true, 0]);
  assert.deepEqual(of("close"), []);
});

test("close before connect stops, and connect starts", async () => {
  const { client, sockets, of } = setUp();

  client.close();
  assert.equal(of("stopped")[0].code, "closed");
  client.connect();
  await settle();

  assert.equal(sockets.length, 1);
});

test("a second close says nothing more", async () => {
  const { client, of } = await setUpOpen();

  client.close();
  client.close();

  assert.deepEqual([of("stopped").length, of("close").length], [1, 1]);
});

test("a stopped client can be started again", async () => {
  const { client, sockets } = await setUpOpen();

  client.close();
  client.connect();
  await settle();

  assert.equal(sockets.length, 2);
  assert.equal(client.state, "connecting");
});

test("the CSRF token is read anew for each attempt", async () => {
  let read = 0;
  const { client, clock, requests, site } = setUp({ csrf: () => `csrf-${++read}` });
  site.token = () => answer(503, {});

  client.connect();
  await clock.advance(500);

  assert.deepEqual(requests.map(({ headers }) => headers["X-CSRFToken"]), ["csrf-1", "csrf-2"]);
});
