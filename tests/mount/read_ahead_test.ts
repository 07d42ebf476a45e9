// readahead: what the kernel then shows for the devices of the pool and of its branches.

import { assert, assertEquals } from "@std/assert";
import { device_of } from "../../src/sys/aside.ts";
import { with_pool } from "../support/mount.ts";
import { wait_until } from "../support/wait_until.ts";

const DEADLINE_MS = 30_000;

async function read_ahead_of(path: string): Promise<string> {
  return (await Deno.readTextFile(`/sys/class/bdi/${await device_of(path)}/read_ahead_kb`)).trim();
}

Deno.test("the pool and the disks of its branches read ahead that far", async () => {
  const branches = [{ kind: "ext4" }, {}] as const; // a tmpfs reads nothing ahead and has no such file
  await with_pool({ branches, options: "readahead=508" }, async (pool) => {
    const places = [pool.mountpoint, pool.branches[0]!];
    for (const place of places) {
      await wait_until(`"${place}" reads ahead`, async () => await read_ahead_of(place) === "508", DEADLINE_MS);
    }
    assert(!pool.error_lines().some((line) => line.includes(": ERROR: ")), pool.error_lines().join("\n"));
  });
});

Deno.test("without it nothing is changed", async () => {
  let before = "";
  const branches = [{ kind: "ext4" }] as const;
  await with_pool({ branches, prepare: async ([disk]) => void (before = await read_ahead_of(disk!)) }, async (pool) => {
    await wait_until("the start is over", () => pool.error_lines().some((line) => line.includes("Mounted on")));
    assertEquals(await read_ahead_of(pool.branches[0]!), before);
  });
});
