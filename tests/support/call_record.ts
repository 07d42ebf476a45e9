// The system calls of one operation that change something, in their order and as text: "mkdirat 1/d", "renameat2 0/f 0/g".

import { SYS_setfsgid, SYS_setfsuid } from "../../src/sys/arch.ts";
import { O_CREAT } from "../../src/sys/file.ts";
import { type CallName, path_of, type StandIn, with_stand_ins } from "./system_calls.ts";

const FS_IOC_SETFLAGS = 0x40086602;
const O_TMPFILE_BIT = 0o20000000;
const NO_ID = 0xffff_ffff;
/** What a line calls them. */
const NAMES: Partial<Record<CallName, string>> = { ioctl: "set_flags", syscall_mknodat: "mknodat" };

// deno-lint-ignore no-explicit-any
type Values = readonly any[];
type Describe = (values: Values) => string | undefined;

function text_of(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** A file of /proc/self/fd as the path that it leads to. */
function path_text(path: Uint8Array): string {
  const text = text_of(path);
  const descriptor = /^\/proc\/self\/fd\/(\d+)$/.exec(text);
  return descriptor === null ? text : path_of(descriptor[1]);
}

function path_at(directory: number, path: Uint8Array): string {
  const text = path_text(path);
  return text.startsWith("/") ? text : `${path_of(directory)}/${text}`;
}

function of_descriptor([fd]: Values): string {
  return path_of(fd);
}

function of_path([path]: Values): string {
  return path_text(path);
}

function of_directory([directory, path]: Values): string {
  return path_at(directory, path);
}

function of_two([from, name, to, new_name]: Values): string {
  return `${path_at(from, name)} ${path_at(to, new_name)}`;
}

/** What a line says behind the name of the call; undefined: this one changes nothing. */
const CHANGES: Partial<Record<CallName, Describe>> = {
  chmod: of_path,
  fchmod: of_descriptor,
  fchown: of_descriptor,
  fchownat: of_descriptor,
  fremovexattr: ([fd, name]) => `${path_of(fd)} ${text_of(name)}`,
  fsetxattr: ([fd, name]) => `${path_of(fd)} ${text_of(name)}`,
  ftruncate: of_descriptor,
  futimens: of_descriptor,
  ioctl: ([fd, command]) => command === FS_IOC_SETFLAGS ? path_of(fd) : undefined,
  linkat: of_two,
  mkdirat: of_directory,
  openat: (values) => (values[2] & (O_CREAT | O_TMPFILE_BIT)) === 0 ? undefined : of_directory(values),
  removexattr: ([path, name]) => `${path_text(path)} ${text_of(name)}`,
  renameat2: of_two,
  setxattr: ([path, name]) => `${path_text(path)} ${text_of(name)}`,
  symlinkat: ([_target, directory, path]) => path_at(directory, path),
  syscall_mknodat: ([_number, directory, path]) => path_at(directory, path),
  truncate: of_path,
  unlinkat: of_directory,
  utimensat: of_directory,
};

function identity_line([number, id]: Values): string | undefined {
  if (id === NO_ID) return undefined;
  return number === SYS_setfsuid ? `setfsuid ${id}` : number === SYS_setfsgid ? `setfsgid ${id}` : undefined;
}

/** The paths of branches as "0/d/e", and what has no name as "0/d/(nameless)". */
function shortened(line: string, directory: string): string {
  return line.replaceAll(`${directory}/b`, "").replaceAll(/#\d+ \(deleted\)/g, "(nameless)").replace(/\/\.$/, "");
}

/**
 * Runs `use` and returns the lines of its changing calls on branches of a pool in `directory`, switches of identity among
 * them. `stand_in` is asked with the number of each changing call, from 0, and makes or replaces it.
 */
export function changes_of(
  directory: string,
  use: () => void,
  stand_in: (real: () => number, at: number) => number = (real) => real(),
): string[] {
  const lines: string[] = [];
  let at = 0;
  const described = Object.entries(CHANGES).map(([key, describe]): [string, StandIn] => [key, (real, values) => {
    const [name, text] = [key as CallName, describe(values)];
    if (text === undefined) return real();
    lines.push(shortened(`${NAMES[name] ?? name} ${text}`, directory));
    return stand_in(real, at++);
  }]);
  const identity: StandIn = (real, values) => {
    const line = identity_line(values);
    if (line !== undefined) lines.push(line);
    return real();
  };
  with_stand_ins({ ...Object.fromEntries(described), syscall_1: identity }, use);
  return lines;
}
