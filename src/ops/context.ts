// What an operation works with: one Context per worker, made once, filled anew for every request. Nothing here is
// shared between threads but what lies in the arena.
import { copy_bytes } from "../base/bytes.ts";
import type { Log } from "../base/log.ts";
import { PathBuffer } from "../base/path_buffer.ts";
import { StatxBuffer } from "../base/statx.ts";
import { Branch, BranchList } from "../branches/branch.ts";
import { Settings } from "../config/settings.ts";
import { FOLLOW_ALL, FOLLOW_DIRECTORY } from "../config/words.ts";
import { INIT_SETXATTR_EXT } from "../fuse/abi.ts";
import { InitOutcome } from "../fuse/init.ts";
import { Reply } from "../fuse/reply.ts";
import { Request } from "../fuse/request.ts";
import { Selection } from "../policies/policy.ts";
import { Arena } from "../state/arena.ts";
import { BranchTexts } from "../state/branch_texts.ts";
import { CloneCounter } from "../state/clone_counter.ts";
import { ConfigCell } from "../state/config_cell.ts";
import { DataLocks } from "../state/data_locks.ts";
import { Handles } from "../state/handles.ts";
import { H_CONTROL_FILE_TIME } from "../state/layout.ts";
import { Nodes } from "../state/nodes.ts";
import { ParkedRequests } from "../state/parked.ts";
import { PathLocks } from "../state/path_locks.ts";
import { ReadJobs } from "../state/read_jobs.ts";
import { ShortageNotice } from "../state/shortage_notice.ts";
import { TimeLocks } from "../state/time_locks.ts";
import { TraceCell } from "../state/trace_cell.ts";
import { Credentials } from "./common/credentials.ts";
import { BranchIds } from "./common/branch_ids.ts";
import { HardLinkNotices } from "./common/hard_link_notices.ts";
import { IoPriority } from "./common/io_priority.ts";
import { Place } from "./common/place.ts";
import { BranchProbe } from "./common/probe.ts";
import { BranchResults } from "./common/results.ts";
import { SettingsCell } from "./common/settings_cell.ts";
import { SpaceCache } from "./common/space_cache.ts";
import { Listing } from "./common/listing.ts";

/** Longer names get ERANGE from the kernel (XATTR_NAME_MAX); one byte more than it allows, so that it sees them so. */
const XATTR_NAME_MAX_BYTES = 256;

/** What a worker tells the main thread; it can send, but it cannot be sent anything (shared design, §3). */
export interface WorkerEvents {
  readonly log: Log;
  /** The number of readers that should be there has changed (state/read_jobs.ts). */
  readers_wanted(): void;
}

/** Files that the kernel reads and writes itself; sys/device.ts has the real ones. */
export interface BackingRegistry {
  /** An id above 0, or -errno. */
  open(fd: number): number;
  close(id: number): void;
}

/** Memory of one worker's requests and replies, and who the worker is. */
export interface ContextParts {
  readonly arena: Arena;
  readonly worker: number;
  readonly request: Request;
  readonly reply: Reply;
  /** The body of the reply as a buffer for system calls. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Where in the request buffer the data of a WRITE starts, page aligned for the sake of O_DIRECT. */
  readonly write_data_at: number;
  readonly init: InitOutcome;
  readonly backing: BackingRegistry;
  readonly events: WorkerEvents;
}

/** Everything one worker needs to answer requests. */
export class Context {
  readonly request: Request;
  readonly reply: Reply;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly init: InitOutcome;
  readonly backing: BackingRegistry;
  readonly events: WorkerEvents;

  readonly nodes: Nodes;
  readonly locks: PathLocks;
  readonly data_locks: DataLocks;
  readonly parked: ParkedRequests;
  readonly handles: Handles;
  readonly branch_ids: BranchIds;
  readonly settings_cell: SettingsCell;
  readonly notices: HardLinkNotices;
  readonly listing: Listing;
  readonly read_jobs: ReadJobs;
  readonly trace: TraceCell;
  readonly clones: CloneCounter;
  readonly time_locks: TimeLocks;
  readonly shortage_notice: ShortageNotice;

  /** The path of the request, and of its second name (RENAME, LINK). */
  readonly path = new PathBuffer();
  readonly path2 = new PathBuffer();
  /** The parent of the path, where an operation asks about it. */
  readonly parent = new PathBuffer();

  readonly place = new Place();
  readonly place2 = new Place();
  readonly selection = new Selection();
  readonly companion = new Selection();
  readonly results = new BranchResults();
  readonly space = new SpaceCache();
  readonly probe = new BranchProbe(this.space);
  readonly credentials = new Credentials();
  readonly io_priority = new IoPriority();

  /** Attributes for the reply, and the branch they come from (-1: none, the control file or the fake root). */
  readonly stat = new StatxBuffer();
  readonly stat2 = new StatxBuffer();
  stat_branch = -1;

  /** What the present reply gave to the kernel; taken back when the reply cannot be delivered (operations §7.7). */
  granted_node = 0;
  granted_handle = 0;
  /** Bytes of a READDIRPLUS body up to the last entry whose look-up is counted. */
  granted_entries_bytes = 0;

  /** Why the open of the present request is passed through or not (common/passthrough.ts). */
  io_choice = 0;
  /** Devices whose files the kernel does not pass through, until the configuration changes. */
  readonly refused_devices = new Set<number>();

  /** Nodes whose canonical descriptor the present request keeps open (common/pins.ts); COPY_FILE_RANGE has two. */
  readonly pinned = new Int32Array(2);
  pinned_count = 0;

  private readonly data_at: number;
  private readonly data: Uint8Array<ArrayBuffer>;

  constructor(parts: ContextParts) {
    this.request = parts.request;
    this.data_at = parts.write_data_at;
    this.data = parts.request.u8.subarray(parts.write_data_at);
    this.reply = parts.reply;
    this.body = parts.body;
    this.init = parts.init;
    if ((parts.init.flags & INIT_SETXATTR_EXT) !== 0) parts.request.expect_setxattr_flags();
    this.backing = parts.backing;
    this.events = parts.events;
    this.nodes = new Nodes(parts.arena, parts.worker);
    this.locks = new PathLocks(this.nodes, parts.worker);
    this.data_locks = new DataLocks(this.nodes, parts.worker);
    this.parked = new ParkedRequests(this.nodes, this.data_locks);
    this.handles = new Handles(parts.arena, this.nodes, this.locks, this.data_locks);
    this.branch_ids = new BranchIds(new BranchTexts(parts.arena, this.nodes.table));
    this.settings_cell = new SettingsCell(new ConfigCell(parts.arena));
    this.notices = new HardLinkNotices(this.nodes);
    this.listing = new Listing();
    this.read_jobs = new ReadJobs(parts.arena);
    this.trace = new TraceCell(parts.arena);
    this.clones = new CloneCounter(parts.arena);
    this.time_locks = new TimeLocks(parts.arena);
    this.shortage_notice = new ShortageNotice(parts.arena);
  }

  /** The options in force for this request. */
  get settings(): Settings {
    return this.settings_cell.settings;
  }

  /** The branches of this request: one immutable list from its start to its end. */
  get branches(): BranchList {
    return this.settings_cell.settings.branches;
  }

  branch(index: number): Branch {
    return this.branches[index]!;
  }

  /** When the control file was first asked for since the mount, seconds since the epoch (operations §10.5). */
  first_control_file_time_s(): number {
    const header = this.nodes.arena.header;
    if (header[H_CONTROL_FILE_TIME] === 0) header[H_CONTROL_FILE_TIME] = Math.floor(Date.now() / 1000);
    return header[H_CONTROL_FILE_TIME]! >>> 0;
  }

  private readonly name_buffer = new Uint8Array(XATTR_NAME_MAX_BYTES + 1);

  /** The requested extended attribute's name, NUL-terminated, as system calls want it. */
  xattr_name(): Uint8Array<ArrayBuffer> {
    const length = Math.min(this.request.name_length, XATTR_NAME_MAX_BYTES);
    copy_bytes(this.request.u8, this.request.name, this.name_buffer, 0, length);
    this.name_buffer[length] = 0;
    return this.name_buffer;
  }

  /** The data of a WRITE as a buffer for system calls; from the device it always starts at the same place. */
  write_data(at: number): Uint8Array<ArrayBuffer> {
    return at === this.data_at ? this.data : this.request.u8.subarray(at);
  }

  /** A request begins. */
  start(): void {
    this.data_locks.refused = 0;
    this.forget_grants();
    this.io_choice = 0;
    this.stat_branch = -1;
    this.notices.clear();
    this.refresh_settings();
  }

  /** The present reply has given nothing. */
  forget_grants(): void {
    this.granted_node = 0;
    this.granted_handle = 0;
    this.granted_entries_bytes = 0;
  }

  /** Takes over a configuration that changed, with everything that hangs on it. */
  refresh_settings(): void {
    if (this.settings_cell.refresh()) this.apply_settings();
  }

  private apply_settings(): void {
    const settings = this.settings;
    this.space.lifetime_s = settings.cache_statfs_s;
    this.nodes.never_forget = settings.never_forget_nodes;
    if (!settings.proxy_ioprio) this.io_priority.restore();
    this.place.follow =
      this.place2.follow =
        settings.follow_symlinks === FOLLOW_DIRECTORY || settings.follow_symlinks === FOLLOW_ALL;
    this.branch_ids.set_branches(settings.branches);
    this.refused_devices.clear();
  }
}
