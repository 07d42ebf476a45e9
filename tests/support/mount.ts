// Mounts the compiled program on branches of its own for one test, and proves afterwards that nothing is left of it.

import { type DiskKind, make_disk, MIB } from "./branch_disks.ts";
import { find_mount, mounts_below } from "./mount_table.ts";
import { must, run, type RunOptions, type RunResult } from "./run.ts";
import { processes_of, with_temp_dir } from "./temp_dir.ts";
import { DEADLINE_MS, wait_until, within } from "./wait_until.ts";

/** The program under test. */
export const PROGRAM = Deno.env.get("MERGERFS_TS") ?? new URL("../../dist/mergerfs-ts", import.meta.url).pathname;

const DISK_BYTES = 64 * MIB;
const SHOWN_BYTES = 4000;
const CLOSING_MS = 5000;
/** Read as text again and again, a longer trace would take the memory of the machine. */
const TRACE_BYTES_MAX = 32 * MIB;
/** The start logs each option; of no use in the output of a failed test. */
const OPTION_IN_LOG = /^[a-z.-]+: [a-z0-9.-]+=/;

/** One branch: its mode in the branch list, and what it lies on. */
export interface BranchSetup {
  readonly mode?: "RW" | "RO" | "NC";
  readonly kind?: DiskKind;
  readonly size_bytes?: number;
  /** A directory that exists already; nothing is made then. */
  readonly path?: string;
}

/** What a test wants. Without anything: three RW branches on a tmpfs each, the default options, minfreespace 0. */
export interface PoolSetup {
  readonly branches?: readonly BranchSetup[];
  /** Behind `-o`, after `minfreespace=0`. */
  readonly options?: string;
  /** Called with the paths of the branches before the program starts. */
  readonly prepare?: (branches: readonly string[]) => Promise<void> | void;
  /** Write a line per request and reply to Pool.log_file. */
  readonly trace?: boolean;
}

/** A mounted pool. The program runs in the foreground as a child of this process. */
export class Pool {
  #output: Promise<RunResult> | undefined;
  #pid = 0;

  constructor(
    /** The directory of this test, and the program's one for temporary files; nothing of the pool lies elsewhere. */
    readonly directory: string,
    readonly branches: readonly string[],
    private readonly setup: PoolSetup,
  ) {}

  get mountpoint(): string {
    return `${this.directory}/pool`;
  }

  get log_file(): string {
    return `${this.directory}/log`;
  }

  get #error_file(): string {
    return `${this.directory}/errors`;
  }

  /** The process of the program, when start() has started it. */
  get pid(): number {
    return this.#pid;
  }

  /** The path of a name inside the pool. */
  path(name: string): string {
    return `${this.mountpoint}/${name}`;
  }

  /** The path of the same name on one branch. */
  on_branch(branch: number, name: string): string {
    return `${this.branches[branch]!}/${name}`;
  }

  /** Starts the program, with the arguments of the setup or others, and returns when the pool answers. */
  async start(arguments_: readonly string[] = this.program_arguments(true)): Promise<void> {
    await Deno.mkdir(this.mountpoint);
    const script = 'errors=$1; shift; exec "$@" 2> "$errors"';
    const child = new Deno.Command("bash", {
      args: ["-c", script, "test", this.#error_file, PROGRAM, ...arguments_],
      cwd: this.directory,
      env: { TMPDIR: this.directory },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#pid = child.pid;
    let has_ended = false;
    this.#output = this.#result_of(child).finally(() => has_ended = true);
    await wait_until("the pool is in the mount table", () => has_ended || find_mount(this.mountpoint) !== undefined);
    if (has_ended) throw new Error(`The program ended instead of mounting: ${JSON.stringify(await this.#output)}`);
    await must("stat", ["-c", "%i", this.mountpoint], { deadline_ms: DEADLINE_MS });
  }

  async #result_of(child: Deno.ChildProcess): Promise<RunResult> {
    const [{ code }, stdout] = await Promise.all([child.status, new Response(child.stdout).text()]);
    // A test that failed has removed its directory by now; its own error is the one to show.
    return { code, stdout, stderr: await Deno.readTextFile(this.#error_file).catch(() => "") };
  }

  /** What the program has written to standard error so far: its log. */
  error_lines(): string[] {
    return Deno.readTextFileSync(this.#error_file).split("\n").filter((line) => line !== "");
  }

  /** What the program wrote and its exit code, when it has ended. */
  async ended(): Promise<RunResult> {
    if (this.#output === undefined) throw new Error("The program was not started");
    return await within("the end of the program", DEADLINE_MS, this.#output);
  }

  /** Unmounts; fails unless the program then ends with 0 and leaves neither a process nor a mount. */
  async stop(): Promise<RunResult> {
    await must("umount", [this.mountpoint]);
    const result = await this.ended();
    if (result.code !== 0) throw new Error(`After umount the program ended with ${JSON.stringify(result)}`);
    await this.assert_gone();
    return result;
  }

  /** Fails when a process or a mount of the pool is left. */
  async assert_gone(): Promise<void> {
    if (find_mount(this.mountpoint) !== undefined) throw new Error("The pool is still in the mount table");
    await wait_until("no process of the pool is left", () => processes_of(this.mountpoint).length === 0);
  }

  /** Resolves when the trace holds `count` lines that match. Needs PoolSetup.trace. */
  async wait_for_trace(pattern: RegExp, count = 1): Promise<void> {
    await wait_until(`${count} lines of the trace match ${pattern}`, () => {
      return this.log_lines().filter((line) => pattern.test(line)).length >= count;
    });
  }

  /** The lines of the log file so far. */
  log_lines(): string[] {
    const { size } = Deno.statSync(this.log_file);
    if (size > TRACE_BYTES_MAX) {
      throw new Error(`The trace is ${size} bytes long; trace less, at most ${TRACE_BYTES_MAX}`);
    }
    return Deno.readTextFileSync(this.log_file).split("\n");
  }

  /** What helps to understand a failed test. */
  async evidence(): Promise<string> {
    const errors = await Deno.readTextFile(this.#error_file).catch(() => "");
    const log = errors.split("\n").filter((line) => !OPTION_IN_LOG.test(line)).join("\n");
    const running = processes_of(this.mountpoint).join(" ");
    const trace = await run("tail", ["-c", String(SHOWN_BYTES), this.log_file]);
    return `processes: ${running}\nlog: ${log.slice(-SHOWN_BYTES)}\nend of the trace:\n${trace.stdout}`;
  }

  /** What stands behind the name of the program, in the foreground or not. */
  program_arguments(in_foreground: boolean): string[] {
    const list = this.branches.map((path, at) => `${path}=${this.setup.branches?.[at]?.mode ?? "RW"}`).join(":");
    const trace = this.setup.trace ? `,debug=true,log.file=${this.log_file}` : "";
    const options = this.setup.options === undefined ? "" : `,${this.setup.options}`;
    const arguments_ = ["-o", `minfreespace=0${trace}${options}`, list, this.mountpoint];
    return in_foreground ? ["-f", ...arguments_] : arguments_;
  }
}

/**
 * Starts the program without -f and waits for the end of the process that was started, with a deadline.
 *
 * Its output goes to a file, so that nothing here waits for a process that keeps a pipe open. All of it is in `stdout`.
 */
export async function run_in_background(
  pool: Pool,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const output = `${pool.directory}/output`;
  const script = 'output=$1; shift; exec "$@" < /dev/null > "$output" 2>&1';
  const all = ["-c", script, "test", output, PROGRAM, ...args];
  const env = { TMPDIR: pool.directory, ...options.env };
  const { code } = await run("bash", all, { deadline_ms: DEADLINE_MS, ...options, env });
  return { code, stdout: await Deno.readTextFile(output), stderr: "" };
}

/** Mounts a pool, calls `body`, unmounts, and fails when anything is left. Cleans up whatever happens. */
export async function with_pool(setup: PoolSetup, body: (pool: Pool) => Promise<void>): Promise<void> {
  await with_unmounted_pool(setup, async (pool) => {
    await pool.start();
    await body(pool);
    if (find_mount(pool.mountpoint) !== undefined) await pool.stop();
  });
}

/** The same without starting the program: for tests of the start itself. */
export async function with_unmounted_pool(setup: PoolSetup, body: (pool: Pool) => Promise<void>): Promise<void> {
  await with_temp_dir(async (directory) => {
    const branches = await make_branches(directory, setup);
    const pool = new Pool(directory, branches, setup);
    try {
      await body(pool);
      await remove_branches(directory);
    } catch (error) {
      console.error(await pool.evidence());
      throw error;
    }
  });
}

async function make_branches(directory: string, setup: PoolSetup): Promise<string[]> {
  const wanted = setup.branches ?? [{}, {}, {}];
  const branches: string[] = [];
  for (const [at, branch] of wanted.entries()) {
    const path = `${directory}/branch${at}`;
    if (branch.path === undefined) {
      await make_disk(branch.kind ?? "tmpfs", path, `${directory}/image${at}`, branch.size_bytes ?? DISK_BYTES);
    }
    branches.push(branch.path ?? path);
  }
  await setup.prepare?.(branches);
  return branches;
}

/**
 * A plain umount: "busy" while a file of the branch is open. A process that ends has no command line any more, but may
 * have its files for a moment.
 */
async function remove_branches(directory: string): Promise<void> {
  for (const { mountpoint } of mounts_below(directory)) {
    let result = await run("umount", [mountpoint]);
    const end_ms = performance.now() + CLOSING_MS;
    while (result.code !== 0 && performance.now() < end_ms) result = await run("umount", [mountpoint]);
    if (result.code !== 0) throw new Error(`After the end of the pool: ${result.stderr}`);
  }
}

/** Runs the same work on a pool and on a plain directory of a tmpfs; returns both results. Their paths end in "/work". */
export async function on_pool_and_native<T>(
  setup: PoolSetup,
  work: (directory: string) => Promise<T>,
): Promise<{ pool: T; native: T }> {
  let results: { pool: T; native: T } | undefined;
  await with_pool(setup, async (pool) => {
    const native = `${pool.directory}/native`;
    await make_disk("tmpfs", native, "", 1024 * MIB);
    for (const parent of [native, pool.mountpoint]) await Deno.mkdir(`${parent}/work`);
    results = { native: await work(`${native}/work`), pool: await work(pool.path("work")) };
  });
  return results!;
}
