// A pool without a mount: the handler of a worker in this process, over branches that are real directories. Tests send it
// the messages of wire.ts and look at the answers and at the branches. After every test all handles are released and all
// nodes forgotten, and then the arena must be as it was: nothing leaked, no lock left, no bug caught.

import { assertEquals } from "@std/assert";
import { c_string } from "../../src/base/bytes.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { system_environment } from "../../src/config/environment.ts";
import { InitOutcome, negotiate } from "../../src/fuse/init.ts";
import { Context } from "../../src/ops/context.ts";
import { Arena } from "../../src/state/arena.ts";
import { ConfigCell } from "../../src/state/config_cell.ts";
import { broken_invariants } from "./invariants.ts";
import * as at from "../../src/state/layout.ts";
import { close, F_GETFL, fcntl, ioctl, O_NONBLOCK, O_RDONLY } from "../../src/sys/file.ts";
import { getfsgid, getfsuid, keep_capabilities, umask } from "../../src/sys/identity.ts";
import { AT_FDCWD, openat } from "../../src/sys/path.ts";
import { MessageBuffers } from "../../src/worker/buffers.ts";
import { Handler } from "../../src/worker/handle.ts";
import { Answer, Entry } from "./answer.ts";
import * as wire from "./wire.ts";

export const is_root: boolean = Deno.uid() === 0;
const PAGE_BYTES = 4096;
const CLONE_FS = 0x200;
const FS_IOC_SETFLAGS = 0x40086602;
const IMMUTABLE = 0x10;
const ROOT_ID = 1;

/** What Linux 6.18 and the default options agree on. */
export const DEFAULT_OUTCOME: InitOutcome = negotiate(
  { major: 7, minor: 45, max_readahead_bytes: 131072, flags: 0x73ff_fffb, flags2: 0x7ff },
  {
    async_read: true,
    export_support: true,
    writeback_cache: false,
    handle_killpriv: true,
    handle_killpriv_v2: true,
    posix_acl: false,
    cache_symlinks: false,
    direct_io_allow_mmap: true,
    allow_idmap: true,
    readdirplus: "auto",
    max_stack_depth: 0,
    default_permissions: true,
    over_io_uring: false,
    has_resend: false,
    max_pages: 256,
    page_bytes: PAGE_BYTES,
    max_background: 64,
    congestion_threshold: 48,
  },
);

/** What a pool is made of. */
export interface PoolSpec {
  /** What stands behind each branch's path: "" for RW, "=RO", "=NC,10M". One branch for each; one RW branch without it. */
  readonly branches?: readonly string[];
  /** What is on the branches before: "0/d/" is a directory on b0, "1/f" a file with the text "1", "1/f:text" with another. */
  readonly tree?: readonly string[];
  /** Options in order. Without a word here new things go to the first branch, and no space is kept free. */
  readonly options?: Readonly<Record<string, string>>;
  readonly outcome?: Partial<InitOutcome>;
  /** Runs when the branch directories are there and nothing is in them, for mounts. Returns its undoing. */
  readonly prepare?: (pool: Pool) => () => void;
}

interface Machine {
  readonly arena: Arena;
  readonly context: Context;
  readonly handler: Handler;
  readonly buffers: MessageBuffers;
  readonly outcome: { -readonly [K in keyof InitOutcome]: InitOutcome[K] };
  readonly backing: FakeBackingFiles;
  readonly log: string[];
  /** Called with the next message of the log. */
  when_logged: (() => void) | undefined;
}

// Loaded here, because a test must not leave a library behind.
const LIBC = Deno.dlopen("libc.so.6", { unshare: { parameters: ["i32"], result: "i32" } }).symbols;
let machine: Machine | undefined;

/** One arena and one context per thread, as a worker has them. */
function the_machine(): Machine {
  machine ??= make_machine();
  return machine;
}

function make_machine(): Machine {
  // The mask of file modes belongs to the process, unless a thread gets one of its own: other tests run beside this one.
  LIBC.unshare(CLONE_FS);
  if (is_root) keep_capabilities();
  const arena = Arena.create();
  new ConfigCell(arena).edit(() => new Configuration().serialize());
  const outcome = { ...DEFAULT_OUTCOME };
  const buffers = new MessageBuffers(outcome.max_write_bytes, PAGE_BYTES);
  const { request, reply, body, write_data_at } = buffers;
  const log: string[] = [];
  const log_event = (level: string, message: string) => note_message(`${level}: ${message}`);
  const events = { log: log_event, readers_wanted: () => {} };
  const backing = new FakeBackingFiles();
  const context = new Context({
    arena,
    worker: 0,
    request,
    reply,
    body,
    write_data_at,
    init: outcome,
    backing,
    events,
  });
  return { arena, context, handler: new Handler(context), buffers, outcome, backing, log, when_logged: undefined };
}

/** What the kernel is to sys/device.ts, without a mount: ids from 1 on, each for one descriptor. */
export class FakeBackingFiles {
  /** Descriptors by the ids that are registered. */
  readonly files = new Map<number, number>();
  /** An errno: the kernel refuses. */
  refuses_with = 0;
  private last_id = 0;

  open(fd: number): number {
    if (this.refuses_with !== 0) return -this.refuses_with;
    this.files.set(++this.last_id, fd);
    return this.last_id;
  }

  close(id: number): void {
    if (!this.files.delete(id)) throw new Error(`The backing id ${id} is not registered`);
  }
}

function note_message(line: string): void {
  const parts = the_machine();
  parts.log.push(line);
  parts.when_logged?.();
  parts.when_logged = undefined;
}

/** Calls `use` with a pool, and checks afterwards that nothing is left of it. */
export function with_pool(spec: PoolSpec, use: (pool: Pool) => void): void {
  const parts = the_machine();
  const mask = umask(0);
  const directory = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "mergerfs-ts-ops-" }));
  Deno.chmodSync(directory, 0o755);
  const pool = new Pool(parts, directory, spec);
  const undone = new Undo();
  try {
    undone.later(spec.prepare?.(pool));
    for (const entry of spec.tree ?? []) pool.make(entry);
    use(pool);
    pool.check();
  } finally {
    pool.drain();
    umask(mask);
    pool.thaw();
    undone.run();
    Deno.removeSync(directory, { recursive: true });
  }
  pool.check_empty();
}

class Undo {
  private step: (() => void) | undefined;

  later(step: (() => void) | undefined): void {
    this.step = step;
  }

  run(): void {
    this.step?.();
  }
}

/** A test that needs to be root: owners, mounts, immutable files. */
export function root_test(name: string, body: () => void): void {
  Deno.test({ name: is_root ? name : `${name} (skipped: needs root)`, ignore: !is_root, fn: body });
}

/** Runs a program that must succeed. */
export function must_run(program: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args, stdin: "null" }).outputSync();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Mounts a small tmpfs on each branch; for `prepare`. */
export function tmpfs_branches(size_bytes: number): (pool: Pool) => () => void {
  return function mount_all(pool) {
    const mounted: string[] = [];
    for (let index = 0; index < pool.branch_count; index++) {
      must_run("mount", "-t", "tmpfs", "-o", `size=${size_bytes},mode=755,nodev`, "tmpfs", pool.branch(index));
      mounted.push(pool.branch(index));
    }
    return () => mounted.forEach((path) => must_run("umount", "-l", path));
  };
}

/** One pool of one test. */
export class Pool {
  readonly context: Context;
  readonly handler: Handler;
  readonly arena: Arena;
  readonly log: string[];
  readonly branch_count: number;
  readonly backing: FakeBackingFiles;
  private readonly frozen: string[] = [];
  private readonly started_bugs: number;
  private unique = 1n;

  constructor(private readonly parts: Machine, readonly directory: string, spec: PoolSpec) {
    this.context = parts.context;
    this.handler = parts.handler;
    this.arena = parts.arena;
    this.log = parts.log;
    this.backing = parts.backing;
    this.backing.refuses_with = 0;
    this.log.length = 0;
    this.started_bugs = parts.handler.bugs;
    const endings = spec.branches ?? [""];
    this.branch_count = endings.length;
    endings.forEach((_ending, index) => Deno.mkdirSync(this.branch(index), { mode: 0o755 }));
    Object.assign(parts.outcome, DEFAULT_OUTCOME, spec.outcome);
    const branches = endings.map((ending, index) => this.branch(index) + ending).join(":");
    this.configure({ branches, minfreespace: "0", "category.create": "ff", ...spec.options });
  }

  /** A fresh configuration with these options, as the daemon puts one in force at the start. */
  private configure(options: Readonly<Record<string, string>>): void {
    const configuration = new Configuration(system_environment(() => {}));
    for (const [key, text] of Object.entries(options)) apply(configuration, key, text);
    new ConfigCell(this.arena).edit(() => configuration.serialize());
  }

  /** Changes one option, as a set of the control file does, but also options of the start. */
  set(key: string, text: string): void {
    new ConfigCell(this.arena).edit((present) => {
      const configuration = Configuration.parse(present, system_environment(() => {}));
      apply(configuration, key, text);
      return configuration.serialize();
    });
  }

  /** The value of an option as it is in force for the next request. */
  option(key: string): string {
    return Configuration.parse(new ConfigCell(this.arena).read().text).get(key)!;
  }

  /** Calls `action` in the middle of the request that logs something. */
  when_logged(action: () => void): void {
    this.parts.when_logged = action;
  }

  branch(index: number): string {
    return `${this.directory}/b${index}`;
  }

  /** The place of a pool path on a branch. */
  on(index: number, path: string): string {
    return `${this.branch(index)}/${path}`;
  }

  /** One entry of a tree, see PoolSpec.tree. */
  make(entry: string): void {
    const [place, text] = split_once(entry, ":");
    const [index, path] = split_once(place, "/");
    const full = this.on(Number(index), path!);
    if (full.endsWith("/")) return Deno.mkdirSync(full, { recursive: true });
    Deno.mkdirSync(full.slice(0, full.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(full, text ?? index!);
  }

  /** Everything on all branches, sorted: "0/d/", "1/f". */
  tree(): string[] {
    const found: string[] = [];
    for (let index = 0; index < this.branch_count; index++) list_below(this.branch(index), String(index), found);
    return found.sort();
  }

  /** Makes a file or directory of a branch immutable until the end of the test; changes in it then give EPERM. */
  freeze(index: number, path: string): void {
    set_flags(this.on(index, path), IMMUTABLE);
    this.frozen.push(this.on(index, path));
  }

  thaw(): void {
    for (const path of this.frozen.splice(0)) set_flags(path, 0);
  }

  /** The memory that messages pass through. */
  get buffers(): MessageBuffers {
    return this.parts.buffers;
  }

  /** Sends one message and takes the reply apart. */
  send(message: Uint8Array): Answer {
    const { buffers, handler } = this.parts;
    buffers.request.u8.set(message, buffers.message_at);
    handler.handle_device_message(buffers.message_at, message.length);
    return new Answer(buffers.outgoing.slice(0, buffers.reply.length));
  }

  /** A request id that was not used before. */
  next(): bigint {
    return this.unique++;
  }

  /** The node id of a path, by LOOKUPs from the root. */
  node(path: string): bigint {
    const entry = this.lookup(path);
    return entry.node;
  }

  /** The entry of a path, which must be there. The root has only its id. */
  lookup(path: string): Entry {
    let entry = { node: BigInt(ROOT_ID) } as Entry;
    for (const name of path.split("/").filter((part) => part !== "")) {
      const answer = this.send(wire.lookup(this.next(), entry.node, name));
      assertEquals(answer.result, "ok", `LOOKUP of "${name}" in "${path}"`);
      entry = answer.entry();
      if (entry.node === 0n) throw new Error(`"${path}" is not in the pool`);
    }
    return entry;
  }

  /** Whether the pool shows the path. */
  has(path: string): boolean {
    const [parent, name] = split_path(path);
    const answer = this.send(wire.lookup(this.next(), this.node(parent), name));
    return answer.result === "ok" && answer.entry().node !== 0n;
  }

  /** Opens a file that must be there; returns its handle. */
  open(path: string, flags: number): bigint {
    const answer = this.send(wire.open(this.next(), this.node(path), flags));
    assertEquals(answer.result, "ok", `OPEN of "${path}"`);
    return answer.open().handle;
  }

  /** The names of a directory in the order of the listing, "." and ".." left out. */
  list(path: string): string[] {
    const node = this.node(path);
    const { handle } = this.send(wire.opendir(this.next(), node)).open();
    const answer = this.send(wire.readdir(this.next(), node, handle, 0, 65536));
    this.send(wire.releasedir(this.next(), node, handle));
    return answer.names.map(({ name }) => name).filter((name) => name !== "." && name !== "..");
  }

  /**
   * Whether descriptors whose path is too long to be told are taken for this pool's. Test files that run at once are threads
   * of one process and see each other's descriptors, so only one of them may say so.
   */
  has_untold_paths = false;

  /** Descriptors of this process that lead into the pool's branches, by number. */
  open_descriptors(): string[] {
    const names = Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => name);
    return names.filter((name) => this.leads_to_branch(`/proc/self/fd/${name}`));
  }

  private leads_to_branch(link: string): boolean {
    try {
      return Deno.readLinkSync(link).startsWith(`${this.directory}/b`);
    } catch (error) {
      // Closed meanwhile, as the one that listed the folder; else the path is too long to be told.
      return this.has_untold_paths && !(error instanceof Deno.errors.NotFound);
    }
  }

  /** While handles may be open: no bug was caught, no lock is held, identity and arena are sound. */
  check(): void {
    assertEquals(this.handler.bugs - this.started_bugs, 0, `bugs: ${this.log.join("\n")}`);
    assertEquals(broken_invariants(this.arena), []);
    if (is_root) assertEquals([getfsuid(), getfsgid()], [0, 0]);
    const owned = new Set(this.handles().map(({ fd }) => String(fd)));
    assertEquals(this.open_descriptors().filter((fd) => !owned.has(fd)), [], "descriptors that no handle has");
    assertEquals([...owned].filter((fd) => fd !== "-1" && fcntl(Number(fd), F_GETFL, 0) < 0), [], "closed descriptors");
  }

  /** Nothing is left. */
  check_empty(): void {
    assertEquals(broken_invariants(this.arena), []);
    assertEquals(this.context.nodes.count, 1, "nodes beside the root after all were forgotten");
    assertEquals(this.arena.header[at.H_HANDLE_COUNT], 0);
    assertEquals([...this.backing.files.keys()], [], "backing ids that nobody has given back");
  }

  private handles(): { readonly id: bigint; readonly kind: number; readonly node: number; readonly fd: number }[] {
    const found = [];
    for (let slot = 1; slot < this.arena.header[at.H_HANDLE_TOP]!; slot++) {
      const words = this.arena.handles.subarray(slot * at.HANDLE_WORDS, (slot + 1) * at.HANDLE_WORDS);
      const kind = words[at.F_KIND]!;
      if (kind === at.KIND_FREE) continue;
      found.push({ id: id_of(slot, words[at.F_REUSE]!), kind, node: words[at.F_NODE]!, fd: words[at.F_FD]! });
    }
    return found;
  }

  /** Releases every handle and forgets every node, as an unmount makes the kernel do. */
  drain(): void {
    for (const { id, kind, node } of this.handles()) {
      if (kind === at.KIND_FILE) this.send(wire.release(this.next(), node, id));
      if (kind === at.KIND_DIRECTORY) this.send(wire.releasedir(this.next(), node, id));
    }
    // From the last one, so that children go before their parents.
    for (let slot = this.arena.header[at.H_NODE_TOP]! - 1; slot > at.ROOT_SLOT; slot--) this.forget_slot(slot);
  }

  private forget_slot(slot: number): void {
    const words = this.arena.nodes.subarray(slot * at.NODE_WORDS, (slot + 1) * at.NODE_WORDS);
    if ((words[at.N_STATE]! & at.NODE_IN_USE) === 0) return;
    const count = words[at.N_LOOKUPS_LOW]!;
    const id = id_of(slot, words[at.N_REUSE]!);
    if ((words[at.N_STATE]! & at.NODE_STICKY) !== 0) this.context.nodes.detach(slot);
    this.send(wire.forget(this.next(), id, count));
  }

  /** Nodes whose attributes the kernel is to drop because of the last request; as if it had been told. */
  stale_nodes(): bigint[] {
    const told: bigint[] = [];
    this.context.notices.send((low, high) => {
      told.push(id_of(low, high));
      return 0;
    });
    return told;
  }

  /** How often the kernel has been told of a node. */
  lookups(node: bigint): number {
    return this.arena.nodes[Number(node & 0xffff_ffffn) * at.NODE_WORDS + at.N_LOOKUPS_LOW]!;
  }
}

function id_of(slot: number, reuse: number): bigint {
  return BigInt(slot) | (BigInt(reuse >>> 0) << 32n);
}

function apply(configuration: Configuration, key: string, text: string): void {
  const result = configuration.set(key, text, "startup");
  assertEquals(result, 0, `${key}=${text}: ${configuration.last_remedy}`);
}

/** Directory and last name of a pool path. */
export function split_path(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)];
}

function split_once(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function list_below(directory: string, shown: string, found: string[]): void {
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    found.push(`${shown}/${name}${isDirectory ? "/" : ""}`);
    if (isDirectory) list_below(`${directory}/${name}`, `${shown}/${name}`, found);
  }
}

function set_flags(path: string, flags: number): void {
  const fd = openat(AT_FDCWD, c_string(path), O_RDONLY | O_NONBLOCK, 0);
  if (fd < 0) throw new Error(`Cannot open "${path}": ${fd}`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, flags, true);
  const result = ioctl(fd, FS_IOC_SETFLAGS, bytes);
  close(fd);
  if (result < 0) throw new Error(`"${path}" cannot be made immutable here: ${result}`);
}
