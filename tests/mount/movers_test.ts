// The scripts of docs/tools.md that move files from a fast disk to a pool (operations §27.6), as they stand there, on a real
// pool: everything about a file goes along, and nothing is lost.

import { assertEquals, assertMatch } from "@std/assert";
import { make_disk, MIB } from "../support/branch_disks.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { run, type RunResult, shell } from "../support/run.ts";

const PAGE = new URL("../../docs/tools.md", import.meta.url);
const CACHE_BYTES = 8 * MIB;

/** What one script is about: its number on the page, and its third argument. */
type Script = readonly [at: number, name: string];
const BY_AGE: Script = [0, "DAYS"];
const BY_FULLNESS: Script = [1, "PERCENT"];

async function script_text([at]: Script): Promise<string> {
  const blocks = [...(await Deno.readTextFile(PAGE)).matchAll(/^```bash\n(#!.*\n[^]*?)^```$/gm)].map((match) =>
    match[1]!
  );
  assertEquals(blocks.length, 2);
  return blocks[at]!;
}

async function move(script: Script, ...args: string[]): Promise<RunResult> {
  return await run("bash", ["-c", await script_text(script), "mover", ...args]);
}

/** A pool of two slow disks, and a cache that is not part of it. */
async function with_cache(body: (pool: Pool, cache: string) => Promise<void>): Promise<void> {
  await with_pool({ branches: [{}, {}] }, async (pool) => {
    const cache = `${pool.directory}/cache`;
    await make_disk("tmpfs", cache, "", CACHE_BYTES);
    await body(pool, cache);
  });
}

Deno.test("old files go to the pool with all that belongs to them, and others stay", async () => {
  await with_cache(async (pool, cache) => {
    const properties =
      'cd "$1"; find . -type f -printf "%p %n %m %U %G %s %T@ %A@\\n" | sort; find . -type f -print0 | sort -z | xargs -0 -n1 sha256sum';
    await shell(
      `
        cd "$1"; mkdir -p films/old
        for name in a 'b c' $'new\\nline' $'\\377'; do head -c 100000 /dev/urandom > "films/old/$name"; done
        ln films/old/a films/second
        setfacl -m u:1234:r films/old/a; setfattr -n user.mark -v yes films/old/a
        chown -R 1001:1002 films; chmod 4750 'films/old/b c'
        find . -type f -exec touch -d 2020-02-02 {} +
      `,
      [cache],
    );
    const before = await shell(properties, [cache]);
    // Having been read, they are no longer old.
    await shell('cd "$1"; find . -type f -exec touch -a -d 2020-02-02 {} +; echo new > films/new', [cache]);
    const { code, stderr } = await move(BY_AGE, cache, pool.mountpoint, "30");
    assertEquals([code, stderr], [0, ""]);
    assertEquals(await shell('cd "$1"; find . ! -type d', [cache]), "./films/new\n");
    assertEquals(await shell(properties, [pool.mountpoint]), before);
    const more = 'cd "$1/films/old"; getfattr --only-values -n user.mark a; getfacl -cn a | grep 1234; stat -c %u:%g .';
    assertEquals(await shell(more, [pool.mountpoint]), "yesuser:1234:r--\n1001:1002\n");
    await shell('[ "$1/films/second" -ef "$1/films/old/a" ]', [pool.mountpoint]);
  });
});

Deno.test("a cache that is too full is emptied, oldest first, until it is not", async () => {
  await with_cache(async (pool, cache) => {
    await shell(
      `
        cd "$1"
        for at in 1 2 3 4 5 6; do head -c 1M /dev/zero > $'file\\n'$at; touch -a -d "$at days ago" $'file\\n'$at; done
        head -c 100K /dev/zero > linked; ln linked other; touch -a -d '9 days ago' linked
      `,
      [cache],
    );
    const { code, stderr } = await move(BY_FULLNESS, cache, pool.mountpoint, "50");
    assertEquals([code, stderr], [0, ""]);
    const names = "cd \"$1\"; find . -type f -printf '%f,' | tr '\\n' ' ' | tr , '\\n' | sort";
    assertEquals(await shell(names, [cache]), "file 1\nfile 2\nfile 3\nlinked\nother\n");
    assertEquals(await shell(names, [pool.mountpoint]), "file 4\nfile 5\nfile 6\n");
  });
});

for (const script of [BY_AGE, BY_FULLNESS]) {
  Deno.test(`a mover by ${script[1]} refuses a pool that has the cache in it, and a wrong number of arguments`, async () => {
    await with_pool({ branches: [{}, {}] }, async (pool) => {
      await shell('echo precious > "$1/file"; touch -a -d "40 days ago" "$1/file"', pool.branches);
      const refused = await move(script, pool.branches[0]!, pool.mountpoint, "0");
      assertEquals(refused.code, 1);
      assertMatch(refused.stderr, /^mover: .*\/branch0 is part of .*\/pool\n$/);
      assertEquals(await shell('ls -A "$@"; cat "$1/file"', pool.branches.slice(0, 1)), "file\nprecious\n");
      for (const args of [[], ["/a", "/b"], ["/a", "/b", "1", "2"]]) {
        const wrong = await move(script, ...args);
        assertEquals([wrong.code, wrong.stderr], [1, `usage: mover CACHE POOL ${script[1]}\n`]);
      }
    });
  });
}
