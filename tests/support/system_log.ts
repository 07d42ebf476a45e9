// A log daemon for tests: a process that takes records as they come from a socket, and can stop doing so.

import { must } from "./run.ts";
import { wait_until, within } from "./wait_until.ts";

const DEADLINE_MS = 30_000;

const LISTENER = `
import json, os, socket, sys
path = sys.argv[1]
if len(sys.argv) > 2: open("/proc/sys/net/unix/max_dgram_qlen", "w").write(sys.argv[2])
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(path + ".new")
os.chmod(path + ".new", 0o666)
os.rename(path + ".new", path)
while True:
    print(json.dumps(log.recv(1 << 20).decode("utf-8", "surrogateescape")), flush=True)
`;

/** One record, taken apart. */
export interface LogRecord {
  readonly facility: number;
  readonly level: number;
  readonly ident: string;
  readonly pid: number;
  readonly text: string;
}

const RECORD = /^<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ([^\s[]+)\[(\d+)\]: (.*)$/;

export class SystemLogListener {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #text = "";

  private constructor(readonly socket: string, queue_records?: number) {
    const python = ["/usr/bin/python3", "-c", LISTENER, socket];
    const args = queue_records === undefined ? python : ["unshare", "--net", ...python, String(queue_records)];
    this.#child = new Deno.Command(args[0]!, {
      args: args.slice(1),
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read();
  }

  /**
   * Starts one at `socket`. As many records may wait for it as the system has set, or `queue_records`: with a long queue none
   * is lost on a busy machine. For that it gets a network namespace, which takes root.
   */
  static async start(socket: string, queue_records?: number): Promise<SystemLogListener> {
    await Deno.remove(socket).catch(() => {});
    const listener = new SystemLogListener(socket, queue_records);
    await wait_until("the log daemon listens", () => Deno.lstat(socket).then(() => true, () => false));
    return listener;
  }

  async #read(): Promise<void> {
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.#text += part;
  }

  /** All records so far; a record of another form fails. */
  records(): LogRecord[] {
    const lines = this.#text.slice(0, this.#text.lastIndexOf("\n") + 1).split("\n").slice(0, -1);
    return lines.map(function parse(line) {
      const match = RECORD.exec(JSON.parse(line) as string);
      if (match === null) throw new Error(`Not the form of a record: ${line}`);
      const [, priority, ident, pid, text] = match;
      return {
        facility: Number(priority) >> 3,
        level: Number(priority) & 7,
        ident: ident!,
        pid: Number(pid),
        text: text!,
      };
    });
  }

  /** Resolves with the first record that matches. */
  async wait_for(pattern: RegExp): Promise<LogRecord> {
    const find = () => this.records().find(({ text }) => pattern.test(text));
    await wait_until(`the log has ${pattern}`, () => find() !== undefined, DEADLINE_MS);
    return find()!;
  }

  /** From now on it reads nothing. */
  async freeze(): Promise<void> {
    Deno.kill(this.#child.pid, "SIGSTOP");
    const status = `/proc/${this.#child.pid}/status`;
    await wait_until("it has stopped", async () => /^State:\tT/m.test(await Deno.readTextFile(status)));
  }

  thaw(): void {
    Deno.kill(this.#child.pid, "SIGCONT");
  }

  /** Ends it. The socket's name stays, as it does when a log daemon is killed. */
  async end(): Promise<void> {
    Deno.kill(this.#child.pid, "SIGKILL");
    await within("the end of the log daemon", DEADLINE_MS, Promise.all([this.#child.status, this.#reading]));
  }
}

/** Runs `body` with a log daemon that ends afterwards. */
export async function with_system_log(
  directory: string,
  body: (log: SystemLogListener) => Promise<void>,
  queue_records?: number,
): Promise<void> {
  const log = await SystemLogListener.start(`${directory}/log.socket`, queue_records);
  try {
    await body(log);
  } finally {
    await log.end();
  }
}

/** Shell code: in a mount namespace of its own, a /dev where /dev/log is the socket of `$1`/log.socket. */
export const DEV_WITH_LOG = `
  mkdir -p "$1/dev"
  mount -t tmpfs -o mode=755 tmpfs "$1/dev"
  while read -r name major minor; do mknod -m 666 "$1/dev/$name" c "$major" "$minor"; done <<< "null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
fuse 10 229"
  ln -s "$1/log.socket" "$1/dev/log"
  mount --move "$1/dev" /dev
`;

/** Runs a command in the mount namespace of a process. */
export function must_inside(pid: number, command: string, args: readonly string[]): Promise<string> {
  return must("nsenter", ["--mount", "--target", String(pid), command, ...args]);
}
