// A real node_modules tree of more than ten thousand files, as a tar archive in .tools/testdata. Made once with npm, from
// pinned packages; later runs find it and need no network.

import { must } from "./run.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const CACHE = `${ROOT}.tools/testdata`;
/** semver brings a link in .bin. Changing this list needs a new name of the archive. */
const PACKAGES = ["date-fns@2.30.0", "core-js@3.38.1", "lodash@4.17.21", "semver@7.6.3"];
const ARCHIVE = `${CACHE}/node_modules_1.tar`;
const INSTALL_DEADLINE_MS = 300_000;

/** How many files the tree holds at least. */
export const NODE_TREE_FILES_MIN = 10_000;

/** The path of the archive; its only top-level entry is "node_modules". */
export async function node_tree_archive(): Promise<string> {
  const is_there = await Deno.stat(ARCHIVE).then(() => true, () => false);
  if (!is_there) await make_archive();
  return ARCHIVE;
}

async function make_archive(): Promise<void> {
  await Deno.mkdir(CACHE, { recursive: true });
  const directory = await Deno.makeTempDir({ prefix: "node_tree-" });
  try {
    await Deno.writeTextFile(`${directory}/package.json`, '{"private":true}');
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
    await must("npm", ["install", ...options, "--cache", `${directory}/cache`, ...PACKAGES], {
      cwd: directory,
      deadline_ms: INSTALL_DEADLINE_MS,
    });
    await must("tar", ["-C", directory, "--sort=name", "-cf", `${ARCHIVE}.new`, "node_modules"]);
    await Deno.rename(`${ARCHIVE}.new`, ARCHIVE);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
