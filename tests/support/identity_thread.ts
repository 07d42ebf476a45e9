// A thread that changes its filesystem ids and looks at its capabilities, for tests/sys/identity_test.ts.

import { c_string } from "../../src/base/bytes.ts";
import { close, O_CREAT, O_WRONLY } from "../../src/sys/file.ts";
import { getfsgid, getfsuid, has_kept_capabilities, setfsgid, setfsuid } from "../../src/sys/identity.ts";
import { AT_FDCWD, openat } from "../../src/sys/path.ts";
import { answer_calls } from "./threads.ts";

function become(uid: number, gid: number): number[] {
  return [setfsgid(gid), setfsuid(uid), getfsuid(), getfsgid()];
}

function create(path: string): number {
  const fd = openat(AT_FDCWD, c_string(path), O_WRONLY | O_CREAT, 0o600);
  return fd < 0 ? fd : close(fd);
}

answer_calls({ become, create, has_kept_capabilities });
