// All seven modes of "inodecalc" on the worked examples of config spec §9.3 and ops §28.

import { assertEquals } from "@std/assert";
import { to_bytes } from "../../src/base/bytes.ts";
import {
  calculate_inode,
  INODE_HYBRID_HASH,
  INODE_HYBRID_HASH32,
  INODE_MODE_WORDS,
  INODE_PASSTHROUGH,
  INODE_PATH_HASH,
  INODE_PATH_HASH32,
} from "../../src/base/inode_number.ts";
import { hash_result, rapidhash } from "../../src/base/rapidhash.ts";

const LONG = "dir/sub/" + "abcdefghij".repeat(12) + ".bin";

/** The numbers are in the order of the modes. */
const EXAMPLES = [
  {
    branch: "/mnt/disk1",
    path: "",
    is_directory: true,
    ino: 1n,
    numbers: [1n, 232177599295442350n, 3346738045n, 1928052058200671056n, 822639785n, 232177599295442350n, 3346738045n],
  },
  {
    branch: "/mnt/disk1",
    path: "a",
    is_directory: false,
    ino: 5n,
    numbers: [
      5n,
      6457959414642172395n,
      3074928532n,
      468456031708299611n,
      1873068860n,
      468456031708299611n,
      1873068860n,
    ],
  },
  {
    branch: "/mnt/disk1",
    path: "dir",
    is_directory: true,
    ino: 3n,
    numbers: [
      3n,
      3794459625817653052n,
      3864055120n,
      6313480037710663170n,
      429608950n,
      3794459625817653052n,
      3864055120n,
    ],
  },
  {
    branch: "/mnt/disk1",
    path: "dir/file.txt",
    is_directory: false,
    ino: 6n,
    numbers: [
      6n,
      949258064872814105n,
      1752987071n,
      4717959134242236197n,
      3937631856n,
      4717959134242236197n,
      3937631856n,
    ],
  },
  {
    branch: "/mnt/disk1",
    path: LONG,
    is_directory: false,
    ino: 7n,
    numbers: [
      7n,
      3567381976898134473n,
      3028781704n,
      13662567125181030488n,
      4086504553n,
      13662567125181030488n,
      4086504553n,
    ],
  },
  {
    branch: "/mnt/disk2",
    path: "dir2/link",
    is_directory: false,
    ino: 43n,
    numbers: [
      43n,
      17619595455832806254n,
      2217447192n,
      16349449035848901884n,
      3506263402n,
      16349449035848901884n,
      3506263402n,
    ],
  },
  {
    branch: "/mnt/disk2",
    path: "dir2/movie (2024).mkv",
    is_directory: false,
    ino: 44n,
    numbers: [
      44n,
      7396634408185956133n,
      187372755n,
      8285621800546613807n,
      3618985175n,
      8285621800546613807n,
      3618985175n,
    ],
  },
];

function inode(mode: number, is_directory: boolean, branch: string, path: string, ino: bigint): bigint {
  const branch_bytes = to_bytes(branch), path_bytes = to_bytes(path);
  rapidhash(branch_bytes, 0, branch_bytes.length, 0, 0);
  const [low, high] = hash_result;
  calculate_inode(
    mode,
    is_directory,
    low!,
    high!,
    path_bytes,
    0,
    path_bytes.length,
    Number(ino & 0xffffffffn),
    Number(ino >> 32n),
  );
  return BigInt(hash_result[0]!) | BigInt(hash_result[1]!) << 32n;
}

Deno.test("the worked examples, in all modes", () => {
  for (const { branch, path, is_directory, ino, numbers } of EXAMPLES) {
    for (const [mode, word] of INODE_MODE_WORDS.entries()) {
      assertEquals(inode(mode, is_directory, branch, path, ino), numbers[mode], `${path} ${word}`);
    }
  }
});

Deno.test("dot entries hash their own path", () => {
  for (
    const [path, hash, folded] of [
      [".", 14747433453232936489n, 2695308622n],
      ["..", 9503434536320755791n, 382714811n],
      ["dir/.", 1534074369771474104n, 606199786n],
      ["dir/..", 2701679747211466407n, 3884625445n],
    ] as const
  ) {
    assertEquals(inode(INODE_PATH_HASH, true, "/b", path, 1n), hash);
    assertEquals(inode(INODE_HYBRID_HASH, true, "/b", path, 1n), hash);
    assertEquals(inode(INODE_PATH_HASH32, true, "/b", path, 1n), folded);
  }
});

Deno.test("the check values of the operations spec", () => {
  assertEquals(inode(INODE_HYBRID_HASH, true, "/mnt/a", "d", 9n), 0x67afb2971c7f6e37n);
  assertEquals(inode(INODE_HYBRID_HASH, true, "/mnt/a", "d/sub", 9n), 0xea2332652410617dn);
  assertEquals(inode(INODE_HYBRID_HASH32, true, "/mnt/a", "d", 9n), 0x58970fa0n);
  assertEquals(inode(INODE_HYBRID_HASH, false, "/mnt/a", "d", 1n), 0xb6185e7610cf11c2n);
  assertEquals(inode(INODE_HYBRID_HASH32, false, "/mnt/a", "d", 1n), 0x8df0ad14n);
});

Deno.test("passthrough keeps all 64 bits", () => {
  assertEquals(inode(INODE_PASSTHROUGH, false, "/b", "x", 0xfedcba9876543210n), 0xfedcba9876543210n);
});
