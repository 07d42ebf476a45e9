// The copy of a file: everything it has, its holes, its state while it changes, and nothing left after a failure
// (operations §6, departures D2).

import { assert, assertEquals } from "@std/assert";
import { c_string } from "../../src/base/bytes.ts";
import { EAGAIN, EINTR, EINVAL, EIO, ENOSPC, EOPNOTSUPP, EPERM, EXDEV } from "../../src/base/errno.ts";
import { FileCopy, is_fixed } from "../../src/ops/common/copy_file.ts";
import { close, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_TMPFILE, O_WRONLY } from "../../src/sys/file.ts";
import { AT_FDCWD, openat, RENAME_NOREPLACE } from "../../src/sys/path.ts";
import { must_run, root_test } from "../support/handler.ts";
import { in_scratch_directory } from "../support/scratch.ts";
import {
  type CallName,
  fails_with,
  no_hidden_files,
  path_of,
  type StandIn,
  with_stand_ins,
} from "../support/system_calls.ts";

const MIB = 1024 * 1024;

interface Scene {
  readonly directory: string;
  readonly copy: FileCopy;
  /** Copies "from" and puts the copy at "to"; the first error. */
  run(flags?: number): number;
  /** Names beside "from". */
  names(): string[];
  /** The copy has no name until it is complete. */
  readonly is_hidden: boolean;
}

/** Once where a copy has no name until it is complete, and once where it has a temporary one. */
function with_scene(use: (scene: Scene) => void): void {
  make_scene(true, use);
  with_stand_ins({ openat: no_hidden_files }, () => make_scene(false, use));
}

function make_scene(is_hidden: boolean, use: (scene: Scene) => void): void {
  in_scratch_directory((directory) => {
    const copy = new FileCopy();
    const folder = openat(AT_FDCWD, c_string(directory), O_PATH | O_DIRECTORY, 0);
    const run = (flags = RENAME_NOREPLACE) => {
      const from = openat(AT_FDCWD, c_string(`${directory}/from`), O_WRONLY, 0);
      const made = copy.make(from, folder, c_string("to"));
      const result = made < 0 ? made : copy.put(folder, folder, c_string("to"), flags);
      copy.discard(folder);
      close(from);
      return result;
    };
    const names = () => [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => name !== "from");
    try {
      use({ directory, copy, run, names, is_hidden });
    } finally {
      close(folder);
    }
  });
}

function properties(path: string): string {
  const stat = must_run("stat", "-c", "%a %u %g %s %x %y", path);
  const xattrs = must_run("getfattr", "-d", "-m", "-", "-e", "hex", "--absolute-names", path);
  const flags = must_run("lsattr", "-l", path).replace(path, "");
  return [stat, xattrs.replace(/^# file.*$/m, ""), flags].join("\n");
}

root_test("a copy has data, mode, owner, times, attributes, ACL, capabilities and flags of the file", () => {
  with_scene(({ directory, run, names }) => {
    const path = `${directory}/from`;
    Deno.writeFileSync(path, crypto.getRandomValues(new Uint8Array(50_001)));
    must_run("setfattr", "-n", "user.first", "-v", "one", path);
    must_run("setfattr", "-n", "trusted.second", "-v", "two", path);
    Deno.chownSync(path, 1234, 4321);
    must_run("setfacl", "-m", "u:1000:rw,g:1001:x,m::rwx", path);
    must_run("setcap", "cap_net_raw+ep", path);
    must_run("chmod", "6770", path);
    must_run("chattr", "+dA", path);
    must_run("touch", "-a", "-d", "1969-12-31 23:59:58.123456789 UTC", path);
    must_run("touch", "-m", "-d", "2107-05-06 07:08:09.987654321 UTC", path);
    const before = properties(path);
    assertEquals([run(), names()], [0, ["to"]]);
    assertEquals(properties(`${directory}/to`), before);
    assertEquals(properties(path), before, "reading has changed the source");
    assertEquals(Deno.readFileSync(`${directory}/to`), Deno.readFileSync(path));
  });
});

root_test("what XFS lists its ACLs as once more is no attribute to copy", () => {
  with_scene(({ directory, run }) => {
    Deno.writeTextFileSync(`${directory}/from`, "text");
    for (const name of ["SGI_ACL_FILE", "SGI_ACL_DEFAULT", "SGI_ACL_FILES"]) {
      must_run("setfattr", "-n", `trusted.${name}`, "-v", "a former ACL", `${directory}/from`);
    }
    assertEquals(run(), 0);
    const attributes = must_run("getfattr", "-d", "-m", "-", "--absolute-names", `${directory}/to`);
    assertEquals(attributes.match(/SGI_\w+/g), ["SGI_ACL_FILES"]);
  });
});

root_test("a copy takes over no ACL from its directory", () => {
  with_scene(({ directory, run }) => {
    Deno.writeTextFileSync(`${directory}/from`, "text");
    Deno.chmodSync(`${directory}/from`, 0o640);
    must_run("setfacl", "-d", "-m", "u:1000:rwx", directory);
    assertEquals(run(), 0);
    assertEquals(properties(`${directory}/to`), properties(`${directory}/from`));
  });
});

Deno.test("holes stay holes, at the start, in the middle and at the end", () => {
  const stand_ins: Partial<Record<CallName, StandIn>>[] = [{}, { copy_file_range: () => fails_with(EXDEV) }];
  for (const stand_in of stand_ins) {
    with_scene(({ directory, run }) => {
      const file = Deno.openSync(`${directory}/from`, { write: true, create: true });
      for (const at of [16, 40]) {
        file.seekSync(at * MIB, Deno.SeekMode.Start);
        file.writeSync(crypto.getRandomValues(new Uint8Array(65536)));
      }
      file.truncateSync(64 * MIB);
      file.close();
      with_stand_ins(stand_in, () => assertEquals(run(), 0));
      const [from, to] = [`${directory}/from`, `${directory}/to`].map((path) => Deno.statSync(path));
      assertEquals(to!.size, 64 * MIB);
      assert(to!.blocks! <= from!.blocks! + 16, `${to!.blocks} blocks of ${from!.blocks}`);
      must_run("cmp", `${directory}/from`, `${directory}/to`);
    });
  }
});

Deno.test("what the kernel does not copy goes through a buffer; short counts and interruptions are gone on from", () => {
  const interrupted = (real: () => number, values: readonly unknown[]) => {
    calls++;
    return calls % 3 === 0 ? fails_with(EINTR) : calls % 3 === 1 ? fails_with(EAGAIN) : short(real, values);
  };
  const short = (_real: () => number, values: readonly unknown[]) => {
    const [fd, bytes, size, offset] = values as [number, Uint8Array, number, number];
    const file = Deno.openSync(`/proc/self/fd/${fd}`, { write: true });
    file.seekSync(offset, Deno.SeekMode.Start);
    const length = file.writeSync(bytes.subarray(0, Math.ceil(size / 2)));
    file.close();
    return length;
  };
  let calls = 0;
  const cases: [string, Partial<Record<CallName, StandIn>>][] = [
    ["no copying by the kernel", { copy_file_range: () => fails_with(EXDEV) }],
    ["the kernel copies nothing", { copy_file_range: () => 0 }],
    ["holes unknown", { lseek: () => fails_with(EINVAL) }],
    ["interrupted and short", { copy_file_range: () => fails_with(EXDEV), pwrite: interrupted }],
  ];
  for (const [what, stand_ins] of cases) {
    with_scene(({ directory, run }) => {
      Deno.writeFileSync(`${directory}/from`, crypto.getRandomValues(new Uint8Array(50_000)));
      with_stand_ins(stand_ins, () => assertEquals(run(), 0, what));
      assertEquals(Deno.readFileSync(`${directory}/to`), Deno.readFileSync(`${directory}/from`), what);
    });
  }
});

Deno.test("a failed step is the result, and leaves nothing", () => {
  const steps: [CallName, number][] = [
    ["pwrite", ENOSPC],
    ["fchown", EPERM],
    ["fsetxattr", ENOSPC],
    ["fchmod", EPERM],
    ["futimens", EIO],
    ["ftruncate", EIO],
    ["fsync", EIO],
    ["renameat2", EIO],
    ["linkat", EIO],
    ["openat", ENOSPC],
  ];
  for (const [name, error] of steps) {
    with_scene(({ directory, run, names, is_hidden }) => {
      Deno.writeTextFileSync(`${directory}/from`, "text");
      must_run("setfattr", "-n", "user.a", "-v", "b", `${directory}/from`);
      if (Deno.uid() === 0) Deno.chownSync(`${directory}/from`, 5, 5);
      const creates = (values: readonly unknown[]) => {
        return name !== "openat" || (Number(values[2]) & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY) !== 0;
      };
      const stand_ins: Partial<Record<CallName, StandIn>> = {
        copy_file_range: () => fails_with(EXDEV),
        [name]: (real: () => number, values: readonly unknown[]) => creates(values) ? fails_with(error) : real(),
      };
      // One that has a name already is not linked; one that has none is renamed only to replace something.
      if (name === "linkat" && !is_hidden) return;
      const flags = name === "renameat2" ? 0 : RENAME_NOREPLACE;
      with_stand_ins(stand_ins, () => assertEquals(run(flags), -error, name));
      assertEquals(names(), [], name);
    });
  }
});

Deno.test("a file whose own writing to disk has failed is not copied; one that found no room there is", () => {
  for (const [error, result] of [[EIO, -EIO], [ENOSPC, 0]] as const) {
    with_scene(({ directory, run }) => {
      Deno.writeTextFileSync(`${directory}/from`, "text");
      const fsync: StandIn = (real, values) => path_of(values[0]).endsWith("/from") ? fails_with(error) : real();
      with_stand_ins({ fsync }, () => assertEquals(run(), result));
    });
  }
});

Deno.test("attributes that the other filesystem does not have are left behind, an ACL is not", () => {
  for (const [attribute, result] of [["user.a", 0], ["system.posix_acl_access", -EOPNOTSUPP]] as const) {
    with_scene(({ directory, run, names }) => {
      Deno.writeTextFileSync(`${directory}/from`, "text");
      if (attribute === "user.a") must_run("setfattr", "-n", "user.a", "-v", "b", `${directory}/from`);
      else must_run("setfacl", "-m", "u:1000:rw", `${directory}/from`);
      with_stand_ins({ fsetxattr: () => fails_with(EOPNOTSUPP) }, () => assertEquals(run(), result, attribute));
      assertEquals(names(), result === 0 ? ["to"] : []);
    });
  }
});

Deno.test("a file that changes while it is copied is copied again; one that does not stop is not copied", () => {
  for (const changes of [1, 2, 3]) {
    with_scene(({ directory, run, names }) => {
      const path = `${directory}/from`;
      Deno.writeTextFileSync(path, "text");
      let left = changes;
      const stand_in: StandIn = (real) => {
        const copied = real();
        if (copied > 0 && left-- > 0) Deno.writeTextFileSync(path, `${"longer".repeat(4 - left)}`);
        return copied;
      };
      with_stand_ins({ copy_file_range: stand_in }, () => assertEquals(run(), changes < 3 ? 0 : -EAGAIN));
      assertEquals(names(), changes < 3 ? ["to"] : []);
      if (changes < 3) assertEquals(Deno.readTextFileSync(`${directory}/to`), Deno.readTextFileSync(path));
    });
  }
});

/** Names in the directory while there is a copy for that name, and afterwards. */
function names_beside(name: string): { during: string[]; after: string[] } {
  const found = { during: [] as string[], after: [] as string[] };
  in_scratch_directory((directory) => {
    const names = () => [...Deno.readDirSync(directory)].map((entry) => entry.name).filter((it) => it !== "from");
    Deno.writeTextFileSync(`${directory}/from`, "text");
    const [from, folder] = [`${directory}/from`, directory].map((path) =>
      openat(AT_FDCWD, c_string(path), O_RDONLY, 0)
    );
    const copy = new FileCopy();
    assertEquals(copy.make(from!, folder!, c_string(name)), 0);
    assertEquals(Deno.statSync(`/proc/self/fd/${copy.fd}`).size, 4);
    found.during = names();
    copy.discard(folder!);
    found.after = names();
    close(from!);
    close(folder!);
  });
  return found;
}

Deno.test("a copy has no name until it gets its own: nothing is left when the daemon is killed", () => {
  assertEquals(names_beside("film.mkv"), { during: [], after: [] });
});

Deno.test("the name of a temporary file: dot, name, underscore, six letters, cut at a character", () => {
  const made = (name: string): string => {
    const { during, after } = names_beside(name);
    assertEquals([during.length, after], [1, []]);
    return during[0]!;
  };
  with_stand_ins({ openat: no_hidden_files }, () => {
    assert(/^\.film\.mkv_[0-9A-Za-z]{6}$/.test(made("film.mkv")));
    assert(/^\.x{247}_[0-9A-Za-z]{6}$/.test(made("x".repeat(255))));
    assert(/^\.xü{123}_[0-9A-Za-z]{6}$/.test(made(`x${"ü".repeat(127)}`)));
    assert(/^\.ü{123}_[0-9A-Za-z]{6}$/.test(made("ü".repeat(127))));
    assertEquals(new Set([made("film.mkv"), made("film.mkv")]).size, 2);
  });
});

Deno.test("a name that is taken is not replaced, unless that is wanted", () => {
  for (const supports_no_replace of [true, false]) {
    with_scene(({ directory, run, names }) => {
      Deno.writeTextFileSync(`${directory}/from`, "new");
      Deno.writeTextFileSync(`${directory}/to`, "old");
      const renameat2: StandIn = (real, values) =>
        !supports_no_replace && values[4] === RENAME_NOREPLACE ? fails_with(EINVAL) : real();
      with_stand_ins({ renameat2 }, () => {
        assert(run() < 0);
        assertEquals([Deno.readTextFileSync(`${directory}/to`), names()], ["old", ["to"]]);
        Deno.removeSync(`${directory}/to`);
        assertEquals([run(), names()], [0, ["to"]]);
        Deno.writeTextFileSync(`${directory}/to`, "old");
        assertEquals([run(0), Deno.readTextFileSync(`${directory}/to`)], [0, "new"]);
      });
    });
  }
});

Deno.test("a temporary file that somebody exchanges is not taken for the copy, nor removed", () => {
  with_scene(({ directory, run, names, is_hidden }) => {
    Deno.writeTextFileSync(`${directory}/from`, "text");
    const exchange: StandIn = (real) => {
      const [temporary] = names();
      Deno.removeSync(`${directory}/${temporary}`);
      Deno.writeTextFileSync(`${directory}/${temporary}`, "not the copy");
      return real();
    };
    with_stand_ins({ renameat2: exchange }, () => assert(run(is_hidden ? 0 : RENAME_NOREPLACE) < 0));
  });
});

root_test("immutable and append-only files are known", () => {
  in_scratch_directory((directory) => {
    for (const flag of ["i", "a", "d"]) {
      const path = `${directory}/${flag}`;
      Deno.writeTextFileSync(path, "");
      must_run("chattr", `+${flag}`, path);
      const fd = openat(AT_FDCWD, c_string(path), O_RDONLY, 0);
      assertEquals(is_fixed(fd), flag !== "d");
      close(fd);
      must_run("chattr", `-${flag}`, path);
    }
  });
});
