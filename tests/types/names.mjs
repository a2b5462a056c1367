/**
 * Prints what client.d.ts declares, as TypeScript reads it, and what the module has, as Node does: `{ declared, there }`.
 *
 *     node names.mjs TYPESCRIPT FOLDER     where typescript.js is, and client.js with client.d.ts
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [typescript, folder] = process.argv.slice(2);
const ts = createRequire(import.meta.url)(typescript);
const types = join(folder, "client.d.ts");

function declared() {
  const program = ts.createProgram([types], { lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], types: [] });
  const checker = program.getTypeChecker();
  const all = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(types)));
  const values = all.filter(({ flags }) => flags & ts.SymbolFlags.Value);
  const client = values.find(({ name }) => name === "GatewayClient");
  const frame = values.find(({ name }) => name === "MAX_FRAME_BYTES");
  return {
    exports: values.map(({ name }) => name).sort(),
    methods: [...client.members.keys()].map((name) => name.replace("__constructor", "constructor")).sort(),
    statics: [...client.exports.keys()].filter((name) => name !== "prototype").sort(),
    frame: checker.getTypeOfSymbol(frame).value,
  };
}

async function there() {
  const module = await import(pathToFileURL(join(folder, "client.js")));
  const ofAnyClass = Object.getOwnPropertyNames(class {});
  return {
    exports: Object.keys(module).sort(),
    methods: Object.getOwnPropertyNames(module.GatewayClient.prototype).sort(),
    statics: Object.getOwnPropertyNames(module.GatewayClient).filter((name) => !ofAnyClass.includes(name) && name !== "name").sort(),
    frame: module.MAX_FRAME_BYTES,
  };
}

console.log(JSON.stringify({ declared: declared(), there: await there() }));
