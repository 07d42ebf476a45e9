// CREATE and TMPFILE: a new file, open at once (operations §16.4, departures D12).
import { to_bytes } from "../base/bytes.ts";
import { EAGAIN, EEXIST, EIO, ESTALE } from "../base/errno.ts";
import { Branch } from "../branches/branch.ts";
import { CREATE_OUT_BYTES, ENTRY_OUT_BYTES } from "../fuse/abi.ts";
import { put_open } from "../fuse/reply.ts";
import { F_REPLY_FLAGS } from "../state/layout.ts";
import { close, O_CREAT, O_EXCL, O_TMPFILE } from "../sys/file.ts";
import { fstat, openat } from "../sys/path.ts";
import { entry_reply } from "./common/attributes.ts";
import {
  choose_targets,
  create_on_target,
  lock_new_name,
  mode_without_umask,
  set_parent,
} from "./common/create_targets.ts";
import { keep_path_hash } from "./common/handle_attributes.ts";
import { branch_open_flags } from "./common/open_flags.ts";
import { add_first_file } from "./common/passthrough.ts";
import { with_read_only_retry } from "./common/read_only_retry.ts";
import { may_open_file } from "./common/shortage.ts";
import { Context } from "./context.ts";

const DOT = new Uint8Array([0x2e, 0]);

// Words of struct fuse_create_in.
const FLAGS = 0;
const MODE = 1;
const UMASK = 2;

/** CREATE: makes and opens a file on the first branch of the create policy. */
export function create(c: Context): number {
  const allowed = may_open_file(c);
  const parent = allowed < 0 ? allowed : lock_new_name(c);
  if (parent < 0) return parent;
  const fd = with_read_only_retry(c, create_file);
  if (fd < 0) return fd;
  return answer(c, parent, fd);
}

// The first branch of the create policy gets the file; `c.stat_branch` remembers which.
function create_file(c: Context): number {
  set_parent(c);
  const model = choose_targets(c, c.settings.policy_create);
  if (model < 0) return model;
  c.stat_branch = c.selection.indexes[0]!;
  return create_on_target(c, model, c.stat_branch, call_create);
}

function call_create(c: Context, directory: number, target: Branch): number {
  const request = c.request;
  const mode = mode_without_umask(c, target, request.arg(MODE), request.arg(UMASK));
  const flags = branch_open_flags(c.settings, request.arg(FLAGS)) | O_CREAT;
  const allowed = c.credentials.become(request.uid, request.gid);
  // The kernel has checked permissions for a new file. If one is there after all, it must look again: to ESTALE it does.
  // So what is opened is always a new, regular file.
  const fd = allowed < 0 ? allowed : openat(directory, c.place.name, flags | O_EXCL, mode);
  c.credentials.restore();
  return fd === -EEXIST && (flags & O_EXCL) === 0 ? -ESTALE : fd;
}

function answer(c: Context, parent: number, fd: number): number {
  const request = c.request;
  const flags = branch_open_flags(c.settings, request.arg(FLAGS));
  const known = fstat(fd, c.stat);
  if (known < 0) {
    close(fd);
    return known;
  }
  // A node of that name whose file went away behind our back keeps its open file and loses the name.
  let slot = c.nodes.remember(parent, request.u8, request.name, request.name_length, c.stat.mode);
  let handle = slot < 0 ? slot : add_handle(c, slot, fd, flags);
  if (handle === -EAGAIN) {
    c.nodes.forget(slot, c.nodes.reuse_of(slot), 1, 0);
    c.nodes.detach_named(parent, request.u8, request.name, request.name_length);
    slot = c.nodes.remember(parent, request.u8, request.name, request.name_length, c.stat.mode);
    handle = slot < 0 ? slot : add_handle(c, slot, fd, flags);
  }
  if (handle < 0) {
    if (slot > 0) c.nodes.forget(slot, c.nodes.reuse_of(slot), 1, 0);
    close(fd);
    return handle === -EAGAIN ? -EIO : handle;
  }
  return reply_created(c, slot, handle);
}

function add_handle(c: Context, slot: number, fd: number, flags: number): number {
  return add_first_file(c, slot, fd, c.branch_ids.id_of(c.stat_branch), flags);
}

function reply_created(c: Context, slot: number, handle: number): number {
  c.granted_node = slot;
  c.granted_handle = handle;
  keep_path_hash(c, handle, c.path);
  entry_reply(c, slot, c.path);
  const at = c.reply.body_word + ENTRY_OUT_BYTES / 4;
  const reply_flags = c.handles.word(handle, F_REPLY_FLAGS);
  put_open(c.reply, at, handle, c.handles.reuse_of(handle), reply_flags, c.handles.backing_of(slot));
  return CREATE_OUT_BYTES;
}

/** O_TMPFILE: a nameless file in the directory of the request; it may get a name by LINK. */
export function tmpfile(c: Context): number {
  const allowed = may_open_file(c);
  const { node_low, node_high } = c.request;
  const directory = allowed < 0 ? allowed : c.locks.lock_path(node_low, node_high, c.path);
  if (directory < 0) return directory;
  const fd = with_read_only_retry(c, create_nameless);
  if (fd < 0) return fd;
  const known = fstat(fd, c.stat);
  const slot = known < 0 ? known : c.nodes.remember_nameless();
  const flags = branch_open_flags(c.settings, c.request.arg(FLAGS));
  const handle = slot < 0 ? slot : add_handle(c, slot, fd, flags);
  if (handle < 0) {
    if (slot > 0) c.nodes.forget(slot, c.nodes.reuse_of(slot), 1, 0);
    close(fd);
    return handle;
  }
  // An inode number that is calculated from the path is to be another one than that of the directory or of the next file.
  const name = to_bytes(`#${slot}`);
  c.path.append(name, 0, name.length);
  return reply_created(c, slot, handle);
}

function create_nameless(c: Context): number {
  c.parent.set(c.path);
  const model = choose_targets(c, c.settings.policy_create);
  if (model < 0) return model;
  c.stat_branch = c.selection.indexes[0]!;
  // A name is needed only to find the directory that is to be opened: "." below it.
  const named = c.path.append(DOT, 0, 1);
  if (named < 0) return named;
  const fd = create_on_target(c, model, c.stat_branch, call_tmpfile);
  c.path.up();
  return fd;
}

function call_tmpfile(c: Context, directory: number, target: Branch): number {
  const request = c.request;
  const mode = mode_without_umask(c, target, request.arg(MODE), request.arg(UMASK));
  const flags = branch_open_flags(c.settings, request.arg(FLAGS)) & ~O_CREAT;
  const allowed = c.credentials.become(request.uid, request.gid);
  const fd = allowed < 0 ? allowed : openat(directory, DOT, flags | O_TMPFILE, mode);
  c.credentials.restore();
  return fd;
}
