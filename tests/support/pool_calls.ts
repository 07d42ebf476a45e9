// Requests on paths of a pool without a mount: each looks the path up as the kernel would, then sends one message.

import { Answer } from "./answer.ts";
import { Pool, split_path } from "./handler.ts";
import * as wire from "./wire.ts";

const ROOT: wire.Caller = { uid: 0, gid: 0 };

/** What creating requests say beside name and mode. */
export interface Creating {
  readonly umask?: number;
  readonly caller?: wire.Caller;
}

export function getattr(pool: Pool, path: string): Answer {
  return pool.send(wire.getattr(pool.next(), pool.node(path)));
}

export function setattr(pool: Pool, path: string, changes: wire.Changes): Answer {
  return pool.send(wire.setattr(pool.next(), pool.node(path), changes));
}

export function mkdir(pool: Pool, path: string, mode: number, creating: Creating = {}): Answer {
  const [parent, name] = split_path(path);
  const request = wire.mkdir(pool.next(), pool.node(parent), name, mode, creating.umask);
  return pool.send(wire.from(creating.caller ?? ROOT, request));
}

export function mknod(pool: Pool, path: string, mode: number, rdev = 0, creating: Creating = {}): Answer {
  const [parent, name] = split_path(path);
  const request = wire.mknod(pool.next(), pool.node(parent), name, mode, rdev, creating.umask);
  return pool.send(wire.from(creating.caller ?? ROOT, request));
}

export function symlink(pool: Pool, path: string, target: string, creating: Creating = {}): Answer {
  const [parent, name] = split_path(path);
  return pool.send(wire.from(creating.caller ?? ROOT, wire.symlink(pool.next(), pool.node(parent), name, target)));
}

export function create(pool: Pool, path: string, flags: number, mode: number, creating: Creating = {}): Answer {
  const [parent, name] = split_path(path);
  const request = wire.create(pool.next(), pool.node(parent), name, flags, mode, creating.umask);
  return pool.send(wire.from(creating.caller ?? ROOT, request));
}

export function unlink(pool: Pool, path: string): Answer {
  const [parent, name] = split_path(path);
  return pool.send(wire.unlink(pool.next(), pool.node(parent), name));
}

export function rmdir(pool: Pool, path: string): Answer {
  const [parent, name] = split_path(path);
  return pool.send(wire.rmdir(pool.next(), pool.node(parent), name));
}

/** RENAME without flags, else RENAME2. */
export function rename(pool: Pool, from: string, to: string, flags = 0): Answer {
  const [old_parent, old_name] = split_path(from);
  const [new_parent, new_name] = split_path(to);
  const old_node = pool.node(old_parent);
  const new_node = pool.node(new_parent);
  if (flags === 0) return pool.send(wire.rename(pool.next(), old_node, old_name, new_node, new_name));
  return pool.send(wire.rename2(pool.next(), old_node, old_name, new_node, new_name, flags));
}

export function link(pool: Pool, from: string, to: string): Answer {
  const [parent, name] = split_path(to);
  return pool.send(wire.link(pool.next(), pool.node(parent), name, pool.node(from)));
}

export function readlink(pool: Pool, path: string): Answer {
  return pool.send(wire.readlink(pool.next(), pool.node(path)));
}

export function setxattr(pool: Pool, path: string, name: string, value: string, flags = 0): Answer {
  return pool.send(wire.setxattr(pool.next(), pool.node(path), name, value, flags));
}

export function getxattr(pool: Pool, path: string, name: string, size = 65536): Answer {
  return pool.send(wire.getxattr(pool.next(), pool.node(path), name, size));
}

export function listxattr(pool: Pool, path: string, size = 65536): Answer {
  return pool.send(wire.listxattr(pool.next(), pool.node(path), size));
}

export function removexattr(pool: Pool, path: string, name: string): Answer {
  return pool.send(wire.removexattr(pool.next(), pool.node(path), name));
}

export function statfs(pool: Pool, path: string): Answer {
  return pool.send(wire.statfs(pool.next(), pool.node(path)));
}
