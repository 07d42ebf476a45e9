// The typed settings of the request path.

import { assert, assertEquals } from "@std/assert";
import { INODE_DEVINO_HASH, INODE_HYBRID_HASH } from "../../src/base/inode_number.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { Settings } from "../../src/config/settings.ts";
import { directory_readers, ELASTIC, thread_counts, worker_count } from "../../src/config/thread_counts.ts";
import {
  CACHE_FILES_PER_PROCESS,
  READDIR_COR,
  READDIR_COSR,
  READDIR_SEQ,
  READDIRPLUS_AUTO,
  STATFS_IGNORE_NC,
  XATTR_NOSYS,
} from "../../src/config/words.ts";
import { find_policy } from "../../src/policies/registry.ts";
import { fake_environment } from "../support/fake_files.ts";

function settings(...items: string[]): Settings {
  const configuration = new Configuration(fake_environment({ directories: ["/m/a", "/m/b"] }));
  for (const item of items) {
    const [key, ...value] = item.split("=");
    assertEquals(configuration.set(key!, value.join("="), "startup"), 0, item);
  }
  return new Settings(configuration);
}

/** Fields that are not called as their option. */
const RENAMED: Readonly<Record<string, string>> = {
  "cache.attr": "cache_attr_s",
  "cache.entry": "cache_entry_s",
  "cache.negative-entry": "cache_negative_entry_s",
  "cache.statfs": "cache_statfs_s",
  "branches-mount-timeout": "branches_mount_timeout_s",
  "symlinkify-timeout": "symlinkify_timeout_s",
  "fuse-msg-size": "fuse_msg_size_pages",
  readahead: "readahead_kib",
  moveonenospc: "policy_move",
};

Deno.test("every option that can be set has a field", () => {
  const fields = settings() as unknown as Record<string, unknown>;
  for (const { name, change, is_hidden } of OPTIONS) {
    if (is_hidden || change === "never" || name.startsWith("category.")) continue;
    const field = RENAMED[name] ??
      (name === "func.readdir" ? "readdir" : name.replace(/^func\./, "policy_").replace(/[.-]/g, "_"));
    assert(field in fields, `${name} has no field ${field}`);
    if (field !== "policy_move") assert(fields[field] !== undefined && !Number.isNaN(fields[field]), field);
  }
});

Deno.test("words are their numbers", () => {
  const made = settings("cache.files=per-process", "inodecalc=devino-hash", "statfs-ignore=nc", "xattr=nosys");
  assertEquals([made.cache_files, made.inodecalc], [CACHE_FILES_PER_PROCESS, INODE_DEVINO_HASH]);
  assertEquals([made.statfs_ignore, made.xattr, made.readdirplus], [STATFS_IGNORE_NC, XATTR_NOSYS, READDIRPLUS_AUTO]);
  assertEquals(settings().inodecalc, INODE_HYBRID_HASH);
});

Deno.test("policies are the function of their category", () => {
  const made = settings("category.action=ff", "func.create=mspmfs", "moveonenospc=lus");
  assertEquals(made.policy_chmod, find_policy("ff")!.action);
  assertEquals(made.policy_open, find_policy("ff")!.search);
  assertEquals(made.policy_create, find_policy("mspmfs")!.create);
  assertEquals(made.policy_move, find_policy("lus")!.create);
  assertEquals(settings("moveonenospc=false").policy_move, undefined);
  assertEquals(settings().policy_move, find_policy("pfrd")!.create);
});

Deno.test("path preservation follows func.create", () => {
  const flags = (...items: string[]) => {
    const made = settings(...items);
    return [made.create_is_path_preserving, made.rename_preserves_path];
  };
  assertEquals(flags(), [false, false]);
  assertEquals(flags("func.create=epmfs"), [true, true]);
  assertEquals(flags("func.create=epmfs", "ignorepponrename=true"), [true, false]);
  assertEquals(flags("func.mkdir=epmfs"), [false, false]);
});

Deno.test("func.readdir in parts", () => {
  const parts = (text: string) => {
    const made = settings(`func.readdir=${text}`);
    return [made.readdir, made.readdir_threads, made.readdir_queue_depth];
  };
  assertEquals(parts("seq"), [READDIR_SEQ, 0, 2]);
  assertEquals(parts("cosr:4"), [READDIR_COSR, 4, 2]);
  assertEquals(parts("cor:0:5"), [READDIR_COR, 0, 5]);
  assertEquals(parts("cor:7:0"), [READDIR_COR, 7, 2]);
});

Deno.test("readers of directories: as many as asked for, or as CPUs, within limits", () => {
  const cases = [[0, 4, 4], [0, 16, 8], [3, 1, 3], [2147483647, 2, 64]] as const;
  for (const [wished, cpus, readers] of cases) assertEquals(directory_readers(wished, cpus), readers);
});

Deno.test("a branch without a threshold of its own follows the option", () => {
  const made = settings("branches=/m/a=RW,1k:/m/b", "minfreespace=1M");
  assertEquals(made.branches.map((branch) => branch.minfreespace_bytes), [1024, 1048576]);
});

Deno.test("names and numbers", () => {
  const made = settings("cache.files.process-names=b|a|b", "cache.attr=1k", "scheduling-priority=-5", "umask=22");
  assertEquals([...made.cache_files_process_names], ["a", "b"]);
  assertEquals([made.cache_attr_s, made.scheduling_priority, made.umask, made.uid], [1024, -5, 22, -1]);
  assertEquals(settings("cache.files.process-names=").cache_files_process_names.size, 0);
});

Deno.test("a size or a part", () => {
  const amount = (text: string) => settings(`passthrough.min-free=${text}`).passthrough_min_free;
  assertEquals([settings().passthrough_min_free, amount("1k")], [{ bytes: 2 ** 32, share: 0 }, {
    bytes: 1024,
    share: 0,
  }]);
  assertEquals([amount("5%"), amount("0.5%")], [{ bytes: 0, share: 0.05 }, { bytes: 0, share: 0.005 }]);
});

Deno.test("thread counts", () => {
  const cases: [read: number, process: number, cpus: number, readers: number, processors: number][] = [
    [0, -1, 4, 4, 0],
    [0, -1, 16, 8, 0],
    [0, 0, 2, 2, 2],
    [0, 0, 16, 2, 8],
    [0, 0, 6, 2, 4],
    [0, 3, 16, 2, 3],
    [0, -4, 16, 2, 4],
    [5, -1, 2, 5, 0],
    [-2, -1, 8, 4, 0],
    [-20, -1, 8, 1, 0],
    [3, 0, 4, 3, 4],
    [1, 2, 2, 1, 2],
  ];
  for (const [read, process, cpus, readers, processors] of cases) {
    assertEquals(thread_counts(read, process, cpus), { readers, processors }, `${read} ${process} ${cpus}`);
  }
  assertEquals(worker_count(0, -1, 8), ELASTIC);
  assertEquals([worker_count(4, -1, 8), worker_count(1, 2, 8), worker_count(0, 0, 2)], [4, 3, 4]);
});
