// Paths into the pool itself are told without touching it.

import { assert, assertEquals } from "@std/assert";
import { leads_into } from "../../src/branches/own_mount.ts";

const LINKS: Readonly<Record<string, string>> = {
  "/m/link": "pool",
  "/m/up": "../m/./other/../pool/x",
  "/abs": "/m/link/y",
  "/loop": "/loop",
  "/disk": "/d/1",
};

function read_link(path: string): string | undefined {
  assert(path !== "/m/pool" && !path.startsWith("/m/pool/"), path);
  return LINKS[path];
}

Deno.test("paths that lead into the mountpoint", () => {
  const cases: [path: string, leads: boolean][] = [
    ...[
      "/m/pool",
      "/m/other/bind/x",
      "/m/pool/",
      "//m/./pool//x",
      "/m/pool/../a",
      "/a/../m/pool",
      "/m/link",
      "/m/link/x",
      "/m/up",
      "/abs",
    ]
      .map((path) => [path, true] as [string, boolean]),
    ...["", "/", "/m", "/m/pool2", "/m/po", "/loop", "/loop/m/pool", "/disk", "/../d"]
      .map((path) => [path, false] as [string, boolean]),
  ];
  for (const [path, leads] of cases) {
    assertEquals(leads_into(path, ["/m/other/bind", "/m/pool"], read_link), leads, path);
  }
});
