// The page's pure modules: what notes mean, which of them belong together, how values are written.
import assert from "node:assert/strict";
import { test } from "node:test";

const PAGE = "../../../emulator/inspector/page/";
const { storyOf } = await import(`${PAGE}story.js`);
const { described, passes, routeSentence, wireSentence } = await import(`${PAGE}notes.js`);
const { bytes, duration, laidOut, milliseconds, plural } = await import(`${PAGE}format.js`);

const ALICE = "alice-connection=";
const BOB = "bob-connection==";

const message = { at: 10, kind: "message", connection_id: ALICE, request_id: "r1", text: "hi", size: 2, route_key: "chat", why: "the key matches" };
const call = { at: 10.02, kind: "integration", event: "MESSAGE", connection_id: ALICE, request_id: "r1", route_key: "chat", method: "POST", url: "http://127.0.0.1:8000/ws/chat?a=***", headers: [], result: 200, latency_ms: 20 };
const toBob = { at: 10.01, kind: "sent", connection_id: BOB, request_id: "c1", cause: "callback", text: "hi", size: 2 };
const callback = { at: 10.012, kind: "callback", connection_id: BOB, request_id: "c1", method: "POST", status: 200, latency_ms: 4 };
const reply = { at: 10.021, kind: "sent", connection_id: ALICE, request_id: "r1", cause: "reply", text: "ok", size: 2 };
const WAY = [message, toBob, callback, call, reply];

const ways = (story) => story.hops.map((hop) => `${hop.from}>${hop.to}`);

test("a message's way is client, gateway, Django, gateway, others, and back", () => {
  const story = storyOf(WAY, message);

  assert.equal(story.title, "Message on chat");
  assert.deepEqual(ways(story), ["client>gateway", "gateway>gateway", "gateway>django", "django>gateway", "gateway>others", "django>gateway", "gateway>client"]);
});

test("every note of a way tells the same way", () => {
  const expected = ways(storyOf(WAY, message));

  for (const note of WAY) assert.deepEqual(ways(storyOf(WAY, note)), expected, note.kind);
});

test("a callback to the sender goes back to the client's own lane", () => {
  const notes = WAY.map((note) => (note.connection_id === BOB ? { ...note, connection_id: ALICE } : note));

  assert.ok(!ways(storyOf(notes, notes[0])).includes("gateway>others"));
});

test("a callback is a guess when several backend calls were under way", () => {
  const other = { ...call, request_id: "r2", connection_id: BOB };

  assert.deepEqual(storyOf([...WAY, other], message).hops.filter((hop) => hop.guess).length, 2);
  assert.deepEqual(storyOf(WAY, message).hops.filter((hop) => hop.guess).length, 0);
});

test("a callback outside every backend call stands alone", () => {
  const late = [{ ...toBob, at: 11, request_id: "c2" }, { ...callback, at: 11.001, request_id: "c2" }];

  assert.deepEqual(ways(storyOf([...WAY, ...late], late[1])), ["django>gateway", "gateway>client"]);
});

test("a message whose backend call is not over yet shows what is known", () => {
  assert.deepEqual(ways(storyOf([message], message)), ["client>gateway", "gateway>gateway"]);
});

test("a backend that does not answer is a hop of its own", () => {
  const failed = { ...call, result: "no answer within 29000 ms" };
  const hops = storyOf([message, failed], message).hops;

  assert.match(hops.at(-1).text, /no answer within/);
  assert.equal(hops.at(-1).tone, "bad");
});

test("a handshake is told with the call of $connect, from either note", () => {
  const connect = { ...call, event: "CONNECT", route_key: "$connect", request_id: "r0", at: 9 };
  const connected = { at: 9.001, kind: "connected", connection_id: ALICE, stage: "production", ip: "127.0.0.1" };
  const notes = [connect, connected, ...WAY];
  const expected = ["client>gateway", "gateway>django", "django>gateway", "gateway>client"];

  assert.deepEqual(ways(storyOf(notes, connected)), expected);
  assert.deepEqual(ways(storyOf(notes, connect)), expected);
  assert.equal(storyOf(notes, connected).title, "$connect");
});

test("an end is told with the call of $disconnect", () => {
  const closed = { at: 12, kind: "closed", connection_id: ALICE, code: 1001, reason: "Going away" };
  const disconnect = { ...call, event: "DISCONNECT", route_key: "$disconnect", request_id: "r9", at: 12.01, latency_ms: 5 };
  const story = storyOf([...WAY, closed, disconnect], closed);

  assert.deepEqual(ways(story), ["gateway>gateway", "gateway>django", "django>gateway"]);
  assert.match(story.hops[0].text, /1001 Going away/);
});

test("the close frames of both sides are part of the end, in their order", () => {
  const frame = { kind: "control-frames", connection_id: ALICE, frame: "close", count: 1, code: 1001, reason: "Going away" };
  const out = { ...frame, at: 11.9, direction: "out" };
  const back = { ...frame, at: 11.95, direction: "in" };
  const closed = { at: 12, kind: "closed", connection_id: ALICE, code: 1001, reason: "Going away" };
  const disconnect = { ...call, event: "DISCONNECT", route_key: "$disconnect", request_id: "r9", at: 12.01, latency_ms: 5 };
  const notes = [...WAY, out, back, closed, disconnect];

  assert.deepEqual(ways(storyOf(notes, back)), ["gateway>client", "client>gateway", "gateway>gateway", "gateway>django", "django>gateway"]);
  assert.deepEqual(ways(storyOf(notes, closed)), ways(storyOf(notes, back)));
});

test("a hop says in how many frames a message came, and what was left of it on the wire", () => {
  const long = { ...message, size: 81_920, frames: 3, wire_size: 2_150, compressed: true };

  assert.equal(storyOf([long], long).hops[0].text, "text in 3 frames, 80.0 KB (2.1 KB)");
  assert.equal(storyOf([message], message).hops[0].text, "text frame, 2 B");
  assert.equal(wireSentence(long), "3 frames, 2.1 KB on the wire, compressed");
  assert.equal(wireSentence({ frames: 1, wire_size: 8, compressed: false }), "1 frame, 8 B on the wire");
});

test("control frames are told by kind and direction, a close frame by its code", () => {
  const words = (note) => Object.values(described({ kind: "control-frames", count: 1, ...note })).slice(0, 2);

  assert.deepEqual(words({ frame: "ping", direction: "in" }), ["ping in", "client to gateway"]);
  assert.deepEqual(words({ frame: "pong", direction: "out" }), ["pong out", "gateway to client"]);
  assert.equal(described({ kind: "control-frames", frame: "ping", direction: "in", count: 20 }).outcome, "20 frames");
  const close = described({ kind: "control-frames", frame: "close", direction: "out", count: 1, code: 1009, reason: "too long" });
  assert.deepEqual([close.label, close.outcome, close.tone], ["close out", "1009", "bad"]);
  assert.match(close.summary, /too long/);
});

test("of very many callbacks some are shown, and the others are counted", () => {
  const many = Array.from({ length: 40 }, (_, number) => [
    { ...toBob, request_id: `c${number}` },
    { ...callback, request_id: `c${number}` },
  ]).flat();
  const story = storyOf([message, ...many, call], message);

  assert.equal(story.left, 32);
  assert.equal(story.hops.filter((hop) => hop.to === "others").length, 8);
});

test("notes without a story of their own are described all the same", () => {
  for (const kind of ["fault", "switched", "advanced", "control", "bug", "of a later version"]) {
    const note = { at: 1, kind, name: "x", value: null, seconds: 600, operation: "CreateApi", path: "/v2/apis", status: 201, error: "E", count: 1 };

    assert.deepEqual(storyOf([note], note).hops, []);
    assert.ok(described(note).summary.length > 0, kind);
  }
});

test("why a message went to $default, or nowhere, is a sentence", () => {
  assert.equal(routeSentence({ route_key: "$default", why: "the body is not JSON" }), "$default, because the body is not JSON.");
  assert.match(routeSentence({ route_key: "", why: "no route has the key 'x'" }), /No route: .*Forbidden/);
});

test("the filter wants every word, the kind and the connection", () => {
  const all = { words: [], kinds: null, connectionId: null };

  assert.ok(passes(message, { ...all, words: ["hi", "chat"] }));
  assert.ok(!passes(message, { ...all, words: ["hi", "missing"] }));
  assert.ok(!passes(message, { ...all, kinds: new Set(["sent"]) }));
  assert.ok(!passes(message, { ...all, connectionId: BOB }));
});

test("durations and sizes are written for people", () => {
  assert.deepEqual([0.0004, 0.012, 1.3, 42, 300, 7500].map(duration), ["0.4 ms", "12 ms", "1.3 s", "42 s", "5 min", "2 h 5 min"]);
  assert.deepEqual([0.0004, 0.0124].map(milliseconds), ["0.4 ms", "12 ms"]);
  assert.deepEqual([12, 2048].map(bytes), ["12 B", "2.0 KB"]);
  assert.deepEqual([plural(1, "route"), plural(2, "route")], ["1 route", "2 routes"]);
});

test("JSON is laid out, and what is none stays as it is", () => {
  assert.equal(laidOut('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(laidOut("{not json"), "{not json");
});
