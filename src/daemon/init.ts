// Answers INIT, the first message of a mount, and writes the outcome into the arena for everyone else.
import { EAGAIN, EINTR, EIO, ENOENT, errno_text } from "../base/errno.ts";
import { log } from "../base/log.ts";
import { Configuration } from "../config/configuration.ts";
import { Settings } from "../config/settings.ts";
import { READDIRPLUS_WORDS } from "../config/words.ts";
import { FUSE_INIT, FUSE_MIN_READ_BUFFER_BYTES } from "../fuse/abi.ts";
import { flags_text, INIT2_NAMES, INIT_NAMES } from "../fuse/flag_names.ts";
import {
  congestion_threshold_for,
  INIT_READY,
  type InitOffer,
  InitOutcome,
  InitWishes,
  max_background_for,
  negotiate,
  PASSTHROUGH_AUTO_MINOR,
  read_offer,
  refused_options,
  to_words,
} from "../fuse/init.ts";
import { put_init, Reply } from "../fuse/reply.ts";
import { Request } from "../fuse/request.ts";
import { Arena } from "../state/arena.ts";
import { TraceCell } from "../state/trace_cell.ts";
import { read, write } from "../sys/file.ts";
import { page_bytes } from "../sys/memory.ts";
import { trace_reply, trace_request } from "../worker/trace.ts";
import { StartError } from "./start_error.ts";

/** Enough for INIT before anything is agreed: 257 pages, as operations §8.1 has it. */
const FIRST_PAGES = 257;

/** Reads INIT from the device, agrees with the kernel, and answers. Throws a StartError when that is not possible. */
export function answer_init(fd: number, arena: Arena, settings: Settings, worker_limit: number): InitOutcome {
  const incoming = new Uint8Array(FIRST_PAGES * page_bytes());
  const request = new Request(incoming);
  const outgoing = new Uint8Array(FUSE_MIN_READ_BUFFER_BYTES);
  const reply = new Reply(outgoing, 0);
  const wishes = init_wishes(settings, worker_limit);
  const traced = { request, reply, trace: new TraceCell(arena) };
  for (;;) {
    const length = read_message(fd, incoming);
    const decoded = request.decode_device(0, length);
    reply.begin(request);
    if (decoded < 0 || request.opcode !== FUSE_INIT) {
      reply.error(EIO);
      write(fd, outgoing, reply.length);
      continue;
    }
    if (settings.debug) trace_request(traced);
    const offer = read_offer(request);
    const outcome = negotiate(offer, wishes);
    if (outcome.status < 0) reply.error(outcome.status);
    else reply.ok(put_init(reply, reply.body_word, outcome));
    if (settings.debug) trace_reply(traced);
    if (write(fd, outgoing, reply.length) < 0 || outcome.status < 0) {
      throw new StartError(
        `This kernel speaks FUSE ${request.arg(0)}.${request.arg(1)}; 7.27 or newer is needed (Linux 4.19)`,
      );
    }
    if (outcome.status !== INIT_READY) continue;
    arena.init_outcome.set(to_words(outcome));
    log_agreement(offer, outcome);
    return outcome;
  }
}

function log_agreement(offer: InitOffer, outcome: InitOutcome): void {
  const { major, minor, max_readahead_bytes } = offer;
  log("info", `INIT of the kernel: FUSE ${major}.${minor}, max_readahead=${max_readahead_bytes}, ${features(offer)}`);
  const { max_pages, max_write_bytes, max_background, max_stack_depth } = outcome;
  const limits = `max_pages=${max_pages}, max_write=${max_write_bytes}, max_background=${max_background}`;
  const stack = max_stack_depth > 0 ? `, max_stack_depth=${max_stack_depth}` : "";
  log("info", `INIT answered: FUSE 7.${outcome.minor}, ${limits}${stack}, ${features(outcome)}`);
}

function features({ flags, flags2 }: Pick<InitOffer, "flags" | "flags2">): string {
  return [flags_text(flags, INIT_NAMES), flags_text(flags2, INIT2_NAMES)].filter((text) => text !== "").join("|");
}

function read_message(fd: number, incoming: Uint8Array<ArrayBuffer>): number {
  for (;;) {
    const length = read(fd, incoming, incoming.length);
    if (length >= 0) return length;
    if (length === -EINTR || length === -EAGAIN || length === -ENOENT) continue;
    throw new StartError(`The FUSE device gave no INIT: ${errno_text(length)} (was the pool unmounted meanwhile?)`);
  }
}

function init_wishes(settings: Settings, worker_limit: number): InitWishes {
  const max_background = max_background_for(worker_limit);
  return {
    async_read: settings.async_read,
    export_support: settings.export_support,
    writeback_cache: settings.cache_writeback,
    handle_killpriv: settings.handle_killpriv,
    handle_killpriv_v2: settings.handle_killpriv_v2,
    posix_acl: settings.posix_acl,
    cache_symlinks: settings.cache_symlinks,
    direct_io_allow_mmap: settings.direct_io_allow_mmap,
    allow_idmap: settings.allow_idmap,
    readdirplus: READDIRPLUS_WORDS[settings.readdirplus]!,
    max_stack_depth: settings.passthrough_max_stack_depth,
    default_permissions: settings.kernel_permissions_check,
    over_io_uring: false,
    has_resend: false,
    max_pages: settings.fuse_msg_size_pages,
    page_bytes: page_bytes(),
    max_background,
    congestion_threshold: congestion_threshold_for(max_background),
  };
}

/** What the kernel refused reads back as it really is (config §3.1). */
export function show_refused(configuration: Configuration, outcome: InitOutcome): void {
  for (const name of refused_options(outcome)) {
    if (name === "passthrough.io") show_passthrough_refused(configuration);
    else if (name !== "fuse-msg-size") configuration.force(name, "false");
  }
  const is_auto = configuration.get("passthrough.io") === "auto";
  if (is_auto && outcome.minor < PASSTHROUGH_AUTO_MINOR) configuration.force("passthrough.io", "off");
  configuration.force("fuse-msg-size", String(outcome.max_pages));
}

// The default asks for passthrough where it is possible, so only who named it is warned.
function show_passthrough_refused(configuration: Configuration): void {
  const wanted = configuration.get("passthrough.io")!;
  configuration.force("passthrough.io", "off");
  if (wanted === "off" || wanted === "auto") return;
  log(
    "warning",
    `"passthrough.io=${wanted}" has no effect: Linux 6.9 or newer, root, and a "passthrough.max-stack-depth" of 1 or 2 are needed`,
  );
}
