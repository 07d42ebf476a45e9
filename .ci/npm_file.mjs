// Takes one file out of one pinned npm package, with the ordinary npm client, and checks what came.
// Runs on bare node, before Deno is there. As a program: npm_file.mjs NAME@VERSION MEMBER OUTPUT [INTEGRITY]

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const HEARTBEAT_MS = 5000;

/**
 * Writes `member` of the package to `output_path`. `integrity` is npm's "sha512-…" of the whole package; when given, it
 * must match before anything is unpacked. Throws an Error with a message for people.
 */
export async function fetch_npm_file(name_at_version, member, output_path, integrity) {
  const scratch = mkdtempSync(join(dirname(output_path), "npm-"));
  try {
    await npm_pack(name_at_version, scratch);
    const tarball = join(scratch, readdirSync(scratch).find((name) => name.endsWith(".tgz")) ?? "");
    if (integrity) check_integrity(name_at_version, tarball, integrity);
    unpack_member(tarball, member, join(scratch, "member"));
    renameSync(join(scratch, "member"), output_path);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs `npm pack` into a folder, and says every few seconds that it still runs. */
export function npm_pack(name_at_version, folder) {
  const started = Date.now();
  const child = spawn("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, name_at_version], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const heartbeat = setInterval(() => {
    console.log(`   still fetching ${name_at_version} (${Math.round((Date.now() - started) / 1000)} s)`);
  }, HEARTBEAT_MS);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else {reject(
          new Error(`npm could not fetch "${name_at_version}" (exit ${code}); check the npm registry settings`),
        );}
    });
  }).finally(() => clearInterval(heartbeat));
}

function check_integrity(name_at_version, tarball, expected) {
  const found = "sha512-" + createHash("sha512").update(readFileSync(tarball)).digest("base64");
  if (found !== expected) {
    throw new Error(`The package "${name_at_version}" has the hash ${found}, expected was ${expected}; it is not used`);
  }
}

function unpack_member(tarball, member, output_path) {
  const output = openSync(output_path, "w", 0o755);
  const result = spawnSync("tar", ["-xzOf", tarball, member], { stdio: ["ignore", output, "inherit"] });
  closeSync(output);
  if (result.status !== 0) throw new Error(`The package holds no file "${member}", or tar is missing`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [name_at_version, member, output_path, integrity] = process.argv.slice(2);
  fetch_npm_file(name_at_version, member, output_path, integrity).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
