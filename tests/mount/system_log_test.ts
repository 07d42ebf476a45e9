// The system log with the real program (operations §26): a mount namespace of its own has a log daemon of the test behind
// /dev/log.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { LISTED_OPTIONS, OWN_OPTIONS } from "../../src/config/options.ts";
import { PROGRAM, with_unmounted_pool } from "../support/mount.ts";
import { command, inside, QUEUE_RECORDS, START, start, start_pool, unmount } from "../support/logged_pool.ts";
import { type LogRecord, with_system_log } from "../support/system_log.ts";
import { processes_of } from "../support/temp_dir.ts";
import { DEADLINE_MS, wait_until, within } from "../support/wait_until.ts";

const [ERROR, WARNING, NOTICE, INFO] = [3, 4, 5, 6];

function assert_told(records: readonly LogRecord[], level: number, ...patterns: readonly RegExp[]): void {
  for (const pattern of patterns) {
    const found = records.filter(({ text }) => pattern.test(text));
    assertEquals(found.map((record) => record.level), [level], `${pattern} in:\n${texts(records)}`);
  }
}

function texts(records: readonly LogRecord[]): string {
  return records.map(({ level, text }) => `${level} ${text}`).join("\n");
}

/** What a start meets that has these branches on its list, and these options. */
const ODD_OPTIONS = [
  "lazy-umount-mountpoint=true",
  "branches-mount-timeout=1",
  "readahead=128",
  "passthrough.io=rw",
  "cache.writeback=true",
  "pin-threads=RPS",
  "bogus=1",
].join(",");
const FORMER_MOUNT = 'mount -t tmpfs former "$1/pool";';

const AT_INFO = [
  /^mergerfs-ts v\S+ starts$/,
  /^Help: .*--help/,
  /^argv\[0\]=".*mergerfs-ts"$/,
  /^argv\[1\]="-o"$/,
  /^argv\[2\]="minfreespace=0,lazy-umount-mountpoint=true,/,
  /^argv\[4\]=".*\/pool"$/,
  /^oom_score_adj (is -990, it was|stays) -?\d+/,
  /^INIT of the kernel: FUSE 7\.\d+, max_readahead=\d+, ASYNC_READ\|/,
  /^INIT answered: FUSE 7\.\d+, max_pages=256, max_write=1048576, max_background=\d+,.*\|BIG_WRITES\|/,
  /^Mounted on ".*\/pool", \d+ workers, up to \d+ while all of them wait$/,
  /^Read-ahead of ".*\/pool" \(device \d+:\d+\) is 128 KiB$/,
  /^Command "cmd\.gc" of process \d+: /,
  /^Command "cmd\.invalidate-all-nodes" of process \d+: /,
  /^The end: the pool was unmounted$/,
  /^Unmounted ".*\/pool"$/,
];
const AT_NOTICE = [
  /^Branch ".*\/late" does not exist; /,
  /^Branch ".*\/no\*" does not exist; /,
  /^Waiting for ".*\/late"/,
  /^Unmounted what was mounted on ".*\/pool"$/,
];
const AT_WARNING = [
  /^Branch ".*\/file" is left out: it is not a directory\.$/,
  /^Not mounted within 1 s: ".*\/late"/,
  /^Unknown option "bogus" is ignored\.$/,
  /^Unknown value "RPS" for "pin-threads"/,
  /^"cache\.files=off" becomes "cache\.files=auto-full"/,
  /^"cache\.writeback=true" becomes "false"/,
  /^"moveonenospc" has no effect on files that are passed through/,
];
const AT_ERROR = [
  /^Read-ahead: cannot find .*\/late"$/,
  /^invalid value - cache\.files=x \(.*auto-full/,
];

Deno.test("the system log: a whole life, each message once and at its level", async () => {
  await with_unmounted_pool(
    { branches: [{ kind: "tmpfs" }] },
    (pool) =>
      with_system_log(pool.directory, async (log) => {
        const file = `${pool.directory}/file`;
        await Deno.writeTextFile(file, "");
        const list = [...pool.branches, `${pool.directory}/late`, `${pool.directory}/no*`, file].join(":");
        const args = ["-o", `minfreespace=0,${ODD_OPTIONS}`, list, pool.mountpoint];
        const started = await start(pool, args, PROGRAM, FORMER_MOUNT);
        assertEquals(started.code, 0, started.stderr);
        const pid = processes_of(pool.mountpoint)[0]!;
        await log.wait_for(/^Read-ahead of ".*pool"/);
        for (const name of ["cmd.gc", "cmd.invalidate-all-nodes", "cache.files"]) {
          await command(pool, pid, name).catch(() => {});
        }
        await unmount(pool, pid);
        await log.wait_for(/^Unmounted "/);
        const records = log.records();
        for (const { facility, ident } of records) assertEquals([facility, ident], [1, "mergerfs-ts"]);
        assert_told(records, INFO, ...AT_INFO);
        assert_told(records, NOTICE, ...AT_NOTICE);
        assert_told(records, WARNING, ...AT_WARNING);
        assert_told(records, ERROR, ...AT_ERROR);
        assert_options_told(records);
      }, QUEUE_RECORDS),
  );
});

/** Every option that the control file lists, and no other, with the value in force. */
function assert_options_told(records: readonly LogRecord[]): void {
  const told = records.filter(({ text }) => /^[a-z0-9.-]+=/.test(text));
  assertEquals(
    told.map(({ text }) => text.slice(0, text.indexOf("="))),
    [...LISTED_OPTIONS, ...OWN_OPTIONS].map(({ name }) => name),
  );
  for (const text of ["cache.files=auto-full", "cache.writeback=false", "readahead=128", "fuse-msg-size=256"]) {
    assert(told.some((record) => record.text === text && record.level === INFO), text);
  }
}

Deno.test("the system log: errors of single operations are not in it, and no name can forge a message", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, (pool) =>
    with_system_log(pool.directory, async (log) => {
      const pid = await start_pool(pool, "");
      await log.wait_for(/^Mounted on/);
      const before = log.records().length;
      const path = (name: string) => inside(pid, pool.path(name));
      await Deno.mkdir(path("there"));
      for (const failing of [() => Deno.mkdir(path("there")), () => Deno.remove(path("gone"))]) {
        assertEquals(await failing().then(() => "done", () => "failed"), "failed");
      }
      await command(pool, pid, "cmd.gc");
      await command(pool, pid, "func.open\nmergerfs-ts: forged").catch(() => {});
      await log.wait_for(/forged/);
      const [gc, unknown, ...others] = log.records().slice(before).map(({ text }) => text);
      assertMatch(gc!, /^Command "cmd\.gc"/);
      assertMatch(unknown!, /^unknown option - user\.mergerfs\.func\.open\\x0amergerfs-ts: forged/);
      assertEquals(others, []);
      await unmount(pool, pid);
    }, QUEUE_RECORDS));
});

Deno.test("the system log: two pools are told apart, and a program called mergerfs has that name in it", async () => {
  await with_unmounted_pool(
    { branches: [{ kind: "dir" }] },
    (pool) =>
      with_unmounted_pool({ branches: [{ kind: "dir" }] }, (other) =>
        with_system_log(pool.directory, async (log) => {
          await Deno.symlink(log.socket, `${other.directory}/log.socket`);
          await Deno.symlink(PROGRAM, `${other.directory}/mergerfs`);
          const args = [other.branches[0]!, other.mountpoint];
          const [pid, started] = await Promise.all([
            start_pool(pool, ""),
            start(other, args, `${other.directory}/mergerfs`),
          ]);
          assertEquals(started.code, 0, started.stderr);
          const other_pid = processes_of(other.mountpoint)[0]!;
          await command(other, other_pid, "cmd.gc");
          const gc = await log.wait_for(/^Command "cmd\.gc"/);
          assertEquals([gc.pid, gc.ident], [other_pid, "mergerfs"]);
          await log.wait_for(/^Mounted on/);
          for (const { pid: logged, ident } of log.records()) {
            assertEquals(ident, { [pid]: "mergerfs-ts", [other_pid]: "mergerfs" }[logged]);
          }
          await Promise.all([unmount(pool, pid), unmount(other, other_pid)]);
        }, QUEUE_RECORDS)),
  );
});

Deno.test("the system log: mistakes in options", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, (pool) =>
    with_system_log(pool.directory, async (log) => {
      const wrong = ["-o", "async_read=maybe,cache.files=zzz", pool.branches[0]!, pool.mountpoint];
      const refused = await start(pool, wrong);
      assertEquals(refused.code, 1);
      const errors = refused.stderr.trimEnd().split("\n");
      assertEquals(errors.length, 2, refused.stderr);
      await log.wait_for(/cache\.files=zzz \(/);
      const records = log.records();
      assert_told(records, INFO, /^mergerfs-ts v\S+ starts$/, /^argv\[1\]="-o"$/);
      assert_told(records, ERROR, /^invalid value - async_read=maybe \(/, /^invalid value - cache\.files=zzz \(/);
      for (const line of errors) {
        assert(records.some(({ text }) => `mergerfs-ts: ERROR - ${text}` === line), line);
      }
    }, QUEUE_RECORDS));
});

Deno.test("the system log: who is not root, and a mount that fails", async () => {
  await with_unmounted_pool({ branches: [{ kind: "dir" }] }, (pool) =>
    with_system_log(pool.directory, async (log) => {
      const program = `${pool.directory}/mergerfs-ts`;
      await Deno.copyFile(PROGRAM, program);
      const as_user = ["--reuid=65534", "--regid=65534", "--clear-groups", program];
      const refused = await start(pool, [...as_user, pool.branches[0]!, pool.mountpoint], "setpriv");
      assertEquals(refused.code, 1);
      await log.wait_for(/^mount failed: /);
      assert_told(log.records(), WARNING, /^mergerfs-ts is not running as root and may not work correctly$/);
      assert_told(log.records(), ERROR, /^mount failed: .*\(as a user: .*\)$/);
      assertMatch(
        refused.stderr,
        /^\* WARNING: mergerfs-ts is not running as root and may not work correctly\n.*mount failed/,
      );
    }, QUEUE_RECORDS));
});

Deno.test("the system log: in the foreground beside standard error, but not when that is the journal", async () => {
  for (const is_journal of [false, true]) {
    await with_unmounted_pool(
      { branches: [{ kind: "dir" }] },
      (pool) =>
        with_system_log(pool.directory, async (log) => {
          const errors = `${pool.directory}/errors`;
          await Deno.writeTextFile(errors, "");
          const { dev, ino } = await Deno.stat(errors);
          const script = START.replace('exec "$@"', 'exec "$@" 2>> "$0"');
          const child = new Deno.Command("unshare", {
            args: [
              "--mount",
              "bash",
              "-c",
              script,
              errors,
              pool.directory,
              PROGRAM,
              "-f",
              pool.branches[0]!,
              pool.mountpoint,
            ],
            env: is_journal ? { JOURNAL_STREAM: `${dev}:${ino}` } : {},
            stdin: "null",
          }).spawn();
          await wait_until("the mount is told", async () => (await Deno.readTextFile(errors)).includes("Mounted on"));
          child.kill("SIGTERM");
          assertEquals((await within("the end", DEADLINE_MS, child.status)).code, 0);
          const lines = (await Deno.readTextFile(errors)).trimEnd().split("\n");
          if (is_journal) {
            for (const line of lines) assertMatch(line, /^<[3-6]>mergerfs-ts: /);
            assertEquals(log.records(), []);
          } else {
            await log.wait_for(/^Unmounted/);
            assertEquals(log.records().map(({ text }) => `mergerfs-ts: ${text}`), lines);
            assert_told(log.records(), INFO, /^The end: SIGTERM received$/);
          }
        }, QUEUE_RECORDS),
    );
  }
});
