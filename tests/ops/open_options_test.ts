// OPEN under the options that concern it: cache.files=auto-full, nfsopenhack; and what is no regular file any more when it
// is opened (operations §16.6, §16.8; config §3.2).

import { assertEquals } from "@std/assert";
import { EIO, ETXTBSY } from "../../src/base/errno.ts";
import { F_GETFL, fcntl, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } from "../../src/sys/file.ts";
import { O_PATH, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from "../../src/sys/file.ts";
import { libc } from "../../src/sys/libc.ts";
import { must_run, Pool, root_test, with_pool } from "../support/handler.ts";
import { create, getattr, link, rename, setattr } from "../support/pool_calls.ts";
import { fails_with, type StandIn, with_stand_ins } from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const KEEP_CACHE = 2;
const NOFLUSH = 32;
const AUTO_FULL = { "cache.files": "auto-full" };

/** Opens a file, reads nothing, closes it; whether the kernel was told to keep its cache. */
function keeps(pool: Pool, path: string): boolean {
  const node = pool.node(path);
  const { flags, handle } = pool.send(wire.open(pool.next(), node, O_RDONLY)).open();
  pool.send(wire.release(pool.next(), node, handle));
  return (flags & KEEP_CACHE) !== 0;
}

Deno.test("auto-full: create, open, open, chmod, open, open (operations §30.8)", () => {
  with_pool({ options: AUTO_FULL }, (pool) => {
    const { created } = create(pool, "f", O_CREAT | O_EXCL | O_RDWR, 0o100644);
    assertEquals(created.flags, 0);
    assertEquals([keeps(pool, "f"), keeps(pool, "f")], [false, true]);
    assertEquals(setattr(pool, "f", { mode: 0o600 }).result, "ok");
    assertEquals([keeps(pool, "f"), keeps(pool, "f"), keeps(pool, "f")], [false, true, true]);
    const node = pool.node("f");
    const flags = (open_flags: number) => pool.send(wire.open(pool.next(), node, open_flags)).open().flags;
    // The second one is a further open of an open node.
    assertEquals([flags(O_RDONLY), flags(O_RDWR)], [KEEP_CACHE | NOFLUSH, KEEP_CACHE]);
  });
});

Deno.test("auto-full: size, times, another file of that name and a further name make the cache old", () => {
  const changes: Readonly<Record<string, (pool: Pool, place: string) => void>> = {
    size: (_pool, place) => Deno.truncateSync(place, 2),
    "modification time": (_pool, place) => Deno.utimeSync(place, 1, 1),
    "change time": (_pool, place) => must_run("chmod", "600", place),
    "another file": (_pool, place) => must_run("bash", "-c", 'cp -p "$1" "$1.new"; mv "$1.new" "$1"', "change", place),
    link: (pool) => assertEquals(link(pool, "f", "g").result, "ok"),
    rename: (pool) => {
      assertEquals(rename(pool, "f", "g").result, "ok");
      assertEquals(rename(pool, "g", "f").result, "ok");
    },
    "write by request": (pool) => {
      const handle = pool.open("f", O_RDWR);
      pool.send(wire.write(pool.next(), pool.node("f"), handle, 0, Uint8Array.of(1)));
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    with_pool({ tree: ["0/f:text"], options: AUTO_FULL }, (pool) => {
      pool.node("f");
      assertEquals([keeps(pool, "f"), keeps(pool, "f")], [false, true], name);
      change(pool, pool.on(0, "f"));
      assertEquals([keeps(pool, "f"), keeps(pool, "f")], [false, true], name);
    });
  }
});

Deno.test("auto-full: attributes of another request that differ clear what the open found", () => {
  with_pool({ tree: ["0/f:text"], options: AUTO_FULL }, (pool) => {
    const slot = Number(pool.node("f") & 0xffff_ffffn);
    const has_none = () => pool.context.nodes.has_fingerprint(slot, 0, 0);
    const lookups = {
      lookup: () => pool.lookup("f"),
      getattr: () => getattr(pool, "f"),
      setattr: () => setattr(pool, "f", { mode: 0o640 }),
      readdirplus: () => {
        const { handle } = pool.send(wire.opendir(pool.next(), 1)).open();
        pool.send(wire.readdirplus(pool.next(), 1, handle, 0, 4096));
      },
    };
    for (const [name, look] of Object.entries(lookups)) {
      keeps(pool, "f");
      if (name !== "setattr") look();
      assertEquals(has_none(), false, `${name} of the same file`);
      Deno.truncateSync(pool.on(0, "f"), 0);
      Deno.writeTextFileSync(pool.on(0, "f"), name);
      look();
      assertEquals(has_none(), true, name);
    }
  });
});

Deno.test("auto-full: an open that cannot look at its file keeps nothing, nor does the next one", () => {
  with_pool({ tree: ["0/f"], options: AUTO_FULL }, (pool) => {
    assertEquals([keeps(pool, "f"), keeps(pool, "f")], [false, true]);
    const node = pool.node("f");
    let looks = 0;
    // By descriptor it is looked at once when it was opened, and then for the cache.
    const second_fails: StandIn = (real, [fd]) => Number(fd) >= 0 && ++looks === 2 ? fails_with(EIO) : real();
    with_stand_ins({ statx: second_fails }, () => {
      const { flags, handle } = pool.send(wire.open(pool.next(), node, O_RDONLY)).open();
      assertEquals([flags & KEEP_CACHE, looks], [0, 2]);
      pool.send(wire.release(pool.next(), node, handle));
    });
    assertEquals([keeps(pool, "f"), keeps(pool, "f")], [false, true]);
  });
});

Deno.test("auto-full: a copy of another branch in the attributes keeps nothing", () => {
  const options = { ...AUTO_FULL, "func.getattr": "ff", "func.open": "newest" };
  with_pool({ branches: ["", ""], tree: ["0/f", "1/f"], options }, (pool) => {
    Deno.utimeSync(pool.on(0, "f"), 1, 1);
    pool.node("f");
    assertEquals([keeps(pool, "f"), keeps(pool, "f"), keeps(pool, "f")], [false, false, false]);
  });
});

Deno.test("what is no regular file any more is stale to an open, and nothing is waited for", () => {
  const kinds = {
    pipe: ["mkfifo"],
    socket: ["python3", "-c", SOCKET],
    device: ["bash", "-c", 'mknod "$1" c 1 3', "mknod"],
  };
  for (const [name, [program, ...args]] of Object.entries(kinds)) {
    with_pool({ tree: ["0/f"] }, (pool) => {
      const node = pool.node("f");
      Deno.removeSync(pool.on(0, "f"));
      must_run(program!, ...args, pool.on(0, "f"));
      for (const flags of [O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_NONBLOCK]) {
        assertEquals(pool.send(wire.open(pool.next(), node, flags)).result, "ESTALE", `${name} ${flags}`);
      }
      assertEquals(pool.open_descriptors(), []);
    });
  }
});

const SOCKET = "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])";

Deno.test("the branch's file has the flags of the open, and no others", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    for (const flags of [O_RDONLY, O_WRONLY | O_APPEND, O_RDWR | O_NONBLOCK, O_RDONLY | O_NONBLOCK]) {
      const node = pool.node("f");
      const handle = pool.open("f", flags);
      const [fd] = pool.open_descriptors();
      assertEquals(fcntl(Number(fd), F_GETFL, 0) & (3 | O_APPEND | O_NONBLOCK), flags);
      pool.send(wire.release(pool.next(), node, handle));
    }
  });
});

Deno.test("an open makes no file, whatever its flags say", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const node = pool.node("f");
    Deno.removeSync(pool.on(0, "f"));
    assertEquals(pool.send(wire.open(pool.next(), node, O_RDWR | O_CREAT)).result, "ENOENT");
    assertEquals(pool.tree(), []);
  });
});

Deno.test("O_NOFOLLOW is about the name that was opened: a further open of the file works with it", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const results = [1, 2].map(() => pool.send(wire.open(pool.next(), pool.node("f"), O_RDONLY | O_NOFOLLOW)).result);
    assertEquals(results, ["ok", "ok"]);
  });
});

// Leaves a process behind that holds a lease on the file, and prints its number. It ends when it is asked to give it back.
const HOLD_LEASE = `
import fcntl, os, signal, sys
ready, holder = os.pipe()
pid = os.fork()
if pid > 0:
    os.read(ready, 1)
    print(pid)
    sys.exit()
os.close(1), os.close(2)
signal.signal(signal.SIGIO, lambda *_: os._exit(0))
signal.alarm(60)
fcntl.fcntl(os.open(sys.argv[1], os.O_RDWR), fcntl.F_SETLEASE, fcntl.F_WRLCK)
os.write(holder, b"x")
while True: signal.pause()
`;

root_test("an open waits until a lease on the file is given back, unless it must not wait", () => {
  with_pool({ tree: ["0/f:text"] }, (pool) => {
    const node = pool.node("f");
    for (const [flags, result] of [[O_RDONLY, "ok"], [O_RDWR, "ok"], [O_RDWR | O_NONBLOCK, "EAGAIN"]] as const) {
      must_run("python3", "-c", HOLD_LEASE, pool.on(0, "f"));
      const answer = pool.send(wire.open(pool.next(), node, flags));
      assertEquals(answer.result, result);
      if (result !== "ok") continue;
      const [fd] = pool.open_descriptors();
      assertEquals(fcntl(Number(fd), F_GETFL, 0) & (3 | O_NONBLOCK), flags);
      pool.send(wire.release(pool.next(), node, answer.open().handle));
    }
  });
});

/** Calls `body` without capabilities that root has: without these two the permission bits of files apply. */
function without_capabilities(capabilities: number, body: () => void): void {
  const header = new Uint32Array([0x20080522, 0]);
  const sets = new Uint32Array(6);
  assertEquals(libc.capget(header, sets), 0);
  const effective = sets[0]!;
  sets[0] = effective & ~capabilities;
  assertEquals(libc.capset(header, sets), 0);
  try {
    body();
  } finally {
    sets[0] = effective;
    assertEquals(libc.capset(header, sets), 0);
  }
}

const DAC_OVERRIDE = 1 << 1;
const DAC_READ_SEARCH = 1 << 2;
const FOWNER = 1 << 3;

interface HackCase {
  readonly hack: string;
  readonly path: string;
  readonly mode: number;
  readonly flags: number;
  readonly result: string;
}

const HACKS: readonly HackCase[] = [
  { hack: "off", path: "r/.git/f", mode: 0o444, flags: O_RDWR, result: "EACCES" },
  { hack: "git", path: "r/.git/f", mode: 0o444, flags: O_RDWR, result: "ok" },
  { hack: "git", path: ".git/x/f", mode: 0o400, flags: O_WRONLY, result: "ok" },
  { hack: "git", path: "r/.gits/f", mode: 0o444, flags: O_RDWR, result: "EACCES" },
  { hack: "git", path: "r/.git", mode: 0o444, flags: O_RDWR, result: "EACCES" },
  { hack: "all", path: "r/f", mode: 0o4444, flags: O_RDWR | O_TRUNC, result: "ok" },
  { hack: "all", path: "f", mode: 0, flags: O_RDONLY, result: "EACCES" },
  { hack: "all", path: "f", mode: 0, flags: O_RDONLY | O_TRUNC, result: "EACCES" },
  { hack: "all", path: "f", mode: 0o444, flags: O_RDONLY | O_TRUNC, result: "EACCES" },
  { hack: "all", path: "f", mode: 0o420, flags: O_RDWR, result: "EACCES" },
];

root_test("nfsopenhack opens a write-protected file for writing, and its mode stays", () => {
  for (const { hack, path, mode, flags, result } of HACKS) {
    with_pool({ tree: [`0/${path}:text`], options: { nfsopenhack: hack } }, (pool) => {
      const place = pool.on(0, path);
      // Not the owner's write bit alone keeps others out.
      if ((mode & 0o222) !== 0) Deno.chownSync(place, 12, 12);
      Deno.chmodSync(place, mode);
      const node = pool.node(path);
      const what = `${hack} ${path} ${mode.toString(8)} ${flags}`;
      without_capabilities(DAC_OVERRIDE | DAC_READ_SEARCH, () => {
        const answer = pool.send(wire.open(pool.next(), node, flags));
        assertEquals(answer.result, result, what);
        if (result !== "ok") return;
        const written = pool.send(wire.write(pool.next(), node, answer.open().handle, 0, Uint8Array.of(65)));
        assertEquals(written.u32(0), 1, what);
      });
      assertEquals(Deno.statSync(place).mode! & 0o7777, mode, what);
    });
  }
});

root_test("nfsopenhack: a file whose mode cannot be changed stays closed", () => {
  with_pool({ tree: ["0/f"], options: { nfsopenhack: "all" } }, (pool) => {
    Deno.chmodSync(pool.on(0, "f"), 0o444);
    Deno.chownSync(pool.on(0, "f"), 12, 12);
    const node = pool.node("f");
    without_capabilities(DAC_OVERRIDE | DAC_READ_SEARCH | FOWNER, () => {
      assertEquals(pool.send(wire.open(pool.next(), node, O_RDWR)).result, "EACCES");
    });
    assertEquals(Deno.statSync(pool.on(0, "f")).mode! & 0o7777, 0o444);
  });
});

root_test("nfsopenhack: a file that its group may write stays closed to its owner", () => {
  with_pool({ tree: ["0/f"], options: { nfsopenhack: "all" } }, (pool) => {
    Deno.chmodSync(pool.on(0, "f"), 0o420);
    const node = pool.node("f");
    without_capabilities(DAC_OVERRIDE | DAC_READ_SEARCH, () => {
      assertEquals(pool.send(wire.open(pool.next(), node, O_WRONLY)).result, "EACCES");
    });
  });
});

root_test("nfsopenhack: what refuses the second open too has its mode back", () => {
  with_pool({ tree: ["0/f"], options: { nfsopenhack: "all" } }, (pool) => {
    Deno.chmodSync(pool.on(0, "f"), 0o444);
    const node = pool.node("f");
    let modes: string[] = [];
    const refuse: StandIn = (real, [, , flags]) => {
      if ((Number(flags) & (O_PATH | O_RDWR)) !== O_RDWR) return real();
      modes = [...modes, (Deno.statSync(pool.on(0, "f")).mode! & 0o777).toString(8)];
      return fails_with(ETXTBSY);
    };
    without_capabilities(DAC_OVERRIDE | DAC_READ_SEARCH, () => {
      with_stand_ins({ openat: (real, values) => is_proc_path(values[1]) ? refuse(real, values) : real() }, () => {
        assertEquals(pool.send(wire.open(pool.next(), node, O_RDWR)).result, "EACCES");
      });
    });
    assertEquals([modes, Deno.statSync(pool.on(0, "f")).mode! & 0o777], [["664"], 0o444]);
  });
});

function is_proc_path(path: unknown): boolean {
  return new TextDecoder().decode(path as Uint8Array).startsWith("/proc/");
}

Deno.test("a write goes past a branch where a symlink is in the way", () => {
  with_pool({ branches: ["", "", ""], tree: ["1/a/f:inside", "2/a/f:other"] }, (pool) => {
    const outside = `${pool.directory}/outside`;
    Deno.mkdirSync(outside);
    Deno.writeTextFileSync(`${outside}/f`, "outside");
    Deno.symlinkSync("../outside", pool.on(0, "a"));
    const node = pool.node("a/f");
    const handle = pool.open("a/f", O_WRONLY | O_TRUNC);
    pool.send(wire.write(pool.next(), node, handle, 0, new TextEncoder().encode("new")));
    const texts = [`${outside}/f`, pool.on(1, "a/f"), pool.on(2, "a/f")].map((path) => Deno.readTextFileSync(path));
    assertEquals(texts, ["outside", "new", "other"]);
  });
});

Deno.test("a file that became a symlink behind the kernel's back is stale to an open", () => {
  with_pool({ tree: ["0/f"] }, (pool) => {
    const outside = `${pool.directory}/outside`;
    Deno.writeTextFileSync(outside, "outside");
    const node = pool.node("f");
    Deno.removeSync(pool.on(0, "f"));
    Deno.symlinkSync(outside, pool.on(0, "f"));
    for (const flags of [O_RDONLY, O_WRONLY, O_RDWR | O_TRUNC]) {
      assertEquals(pool.send(wire.open(pool.next(), node, flags)).result, "ESTALE");
    }
    assertEquals(Deno.readTextFileSync(outside), "outside");
  });
});

Deno.test("a link that is shown as the file it leads to opens as that, also with O_NOFOLLOW", () => {
  with_pool({ tree: ["0/f:text"], options: { "follow-symlinks": "regular" } }, (pool) => {
    Deno.symlinkSync("f", pool.on(0, "link"));
    for (const flags of [O_RDONLY, O_RDWR, O_RDONLY | O_NOFOLLOW, O_RDWR | O_NOFOLLOW]) {
      const node = pool.node("link");
      const { handle } = pool.send(wire.open(pool.next(), node, flags)).open();
      assertEquals(pool.send(wire.read(pool.next(), node, handle, 0, 9)).text, "text");
      pool.send(wire.release(pool.next(), node, handle));
    }
  });
});
