import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import * as module from "../../gateway/static/gateway/client.js";

const FOLDER = new URL("../../gateway/static/gateway/", import.meta.url);
const MODULES = ["client.js", "link.js", "options.js", "outbox.js", "protocol.js", "site.js"];
const read = (name) => readFileSync(new URL(name, FOLDER), "utf8");
const types = read("client.d.ts");

test("the client with all that it imports is smaller than 12 KB on its way", () => {
  const size = MODULES.map((name) => gzipSync(read(name)).length).reduce((sum, one) => sum + one, 0);

  assert.ok(size < 12_288, `${size} bytes`);
});

test("it imports its own modules and nothing else", () => {
  const imported = MODULES.flatMap((name) => [...read(name).matchAll(/ from "([^"]+)"/g)].map(([, from]) => from));

  assert.deepEqual(imported.filter((from) => !MODULES.includes(from.replace("./", ""))), []);
  assert.deepEqual(MODULES.filter((name) => !readdirSync(FOLDER).includes(name)), []);
});

test("what the module exports is what the types declare", () => {
  const declared = [...types.matchAll(/^export (?:class|const) (\w+)/gm)].map(([, name]) => name);

  assert.deepEqual(declared.sort(), Object.keys(module).sort());
});

test("the methods of the client are those that the types declare", () => {
  const body = types.match(/^export class GatewayClient .*?^}/ms)[0];
  const declared = [...body.matchAll(/^ {2}(?:static |readonly )?(\w+)[<(:]/gm)].map(([, name]) => name);
  const there = [...Object.getOwnPropertyNames(module.GatewayClient.prototype), "fromElement"];

  assert.deepEqual([...new Set(declared)].sort(), there.sort());
});

test("the limit of a frame is the one that the server knows", () => {
  const limits = readFileSync(new URL("../../gateway/limits.py", import.meta.url), "utf8");
  const [, digits] = limits.match(/^MAX_FRAME_BYTES = ([\d_]+)/m);

  assert.equal(module.MAX_FRAME_BYTES, Number(digits.replaceAll("_", "")));
});

test("an element with the attributes of the template tag is all that a page has to give", () => {
  const client = module.GatewayClient.fromElement({ dataset: { tokenUrl: "/t/", checkUrl: "/c/", channel: "lobby", csrfCookie: "csrftoken" } });

  assert.equal(client.state, "idle");
});
