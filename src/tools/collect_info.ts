// mergerfs.collect-info (operations §27.2): writes one file with what people who help want to know of the machine and its
// pools. A disk or a pool that does not answer costs its own part of the report and nothing else.
import { c_string } from "../base/bytes.ts";
import { ENOENT, errno_text } from "../base/errno.ts";
import { path_text_bytes } from "../base/path_text.ts";
import { is_pool_type, type MountEntry, parse_mountinfo } from "../branches/mount_table.ts";
import { version_text } from "../config/help.ts";
import { CONTROL_FILE } from "../daemon/live_mount.ts";
import { close, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, write } from "../sys/file.ts";
import { AT_FDCWD, fchown, openat, unlinkat } from "../sys/path.ts";
import { ask_pool, type PoolReport } from "./ask_pool.ts";
import { output_of } from "./limited_command.ts";
import { without_secrets } from "./secrets.ts";
import { print, reporting_errors, ToolError } from "./terminal.ts";

const FILE_NAME = "mergerfs.info.txt";
const OWNER_ONLY = 0o600;

const BEFORE_POOLS = [
  ["mergerfs", "--version"],
  ["uname", "-a"],
  ["lsb_release", "-a"],
  ["df", "-h"],
  ["lsblk", "--json", "-o", "NAME,FSTYPE,FSSIZE,SIZE,MOUNTPOINTS,RM,RO,ROTA"],
  ["cat", "/proc/mounts"],
];
const AFTER_POOLS = [
  ["cat", "/etc/fstab"],
  ["docker", "--version"],
  ["docker", "compose", "version"],
  ["podman", "--version"],
  ["podman", "compose", "version"],
  ["smbd", "--version"],
  ["lshw", "-sanitize"],
  ["journalctl", "--no-pager", "-t", "mergerfs", "-t", "mergerfs-ts", "--since", "60 minutes ago"],
];

/** One part of the report: what stands behind "===", and what below. */
interface Item {
  readonly title: string;
  readonly text: Promise<string> | string;
}

/** The text of --help. */
function help(program: string): string {
  return `Usage: ${program}

Writes what is of use for a question or a bug report about mounted pools to ${FILE_NAME} in the temporary directory (TMPDIR,
else /tmp): versions, disks, mounts, the options and branches of every pool, /etc/fstab, the last hour of the log. Passwords
are left out. As root it learns most.

  -h, --help     print this text
`;
}

/** `program` stands in front of messages, `version` is that of the program. Resolves with the exit code. */
export async function run_collect_info(program: string, argv: readonly string[], version: string): Promise<number> {
  return await reporting_errors(program, async function collect() {
    if (argv[0] === "-h" || argv[0] === "--help") print(help(program));
    else if (argv.length > 0) throw new ToolError(`"${argv[0]}" is not expected (it takes no arguments but --help)`);
    else await write_report(version);
    return 0;
  });
}

async function write_report(version: string): Promise<void> {
  print("* Mount the pool that the report is about before you run this.\n");
  const path = `${Deno.env.get("TMPDIR") || "/tmp"}/${FILE_NAME}`;
  using file = new ReportFile(path);
  const first: Item[] = [{ title: "mergerfs-ts --version", text: version_text(version) }, ...BEFORE_POOLS.map(item_of)];
  const others = Promise.all([pool_items(), AFTER_POOLS.map(item_of)]);
  for (const item of [...first, ...(await others).flat()]) await file.add(item);
  print(
    `* Attach this file to your report; have a look first whether you want to show all that is in it:\n* ${path}\n`,
  );
}

/** Starts the command at once; all run side by side, so that a dead disk is waited for once. */
function item_of(command: readonly string[]): Item {
  const [program, ...args] = command;
  const text = output_of(program!, args).then(({ text, problem }) => {
    const end = text === "" || text.endsWith("\n") ? text : `${text}\n`;
    return problem === "" ? end : `${end}error: ${problem}\n`;
  });
  return { title: command.join(" "), text };
}

/** What lies below the mounted pools, then their options. Other FUSE file systems are asked whether they are one as well. */
async function pool_items(): Promise<Item[]> {
  const mounts = parse_mountinfo(Deno.readFileSync("/proc/self/mountinfo"))
    .filter(({ type, mountpoint }, at, all) => {
      return type.startsWith("fuse.") && all.findLastIndex((other) => other.mountpoint === mountpoint) === at;
    });
  const answers = await Promise.all(mounts.map(({ mountpoint }) => ask_pool(mountpoint)));
  const branches = answers.filter((answer) => typeof answer === "object").flatMap(({ branch_paths }) => branch_paths);
  return [
    ...[...new Set(branches)].map((path) => item_of(["stat", path])),
    ...mounts.flatMap((mount, at) => options_item(mount, answers[at])),
  ];
}

function options_item({ mountpoint, type }: MountEntry, answer: PoolReport | string | undefined): Item[] {
  const title = `${mountpoint}/${CONTROL_FILE}`;
  if (typeof answer === "object") return [{ title, text: answer.options }];
  return is_pool_type(type) ? [{ title, text: `error: ${answer ?? "no answer"}\n` }] : [];
}

/** The file of the report, made anew: its name is known, and others may write in the temporary directory. */
class ReportFile {
  readonly #fd: number;

  constructor(private readonly path: string) {
    const name = c_string(path);
    const removed = unlinkat(AT_FDCWD, name, 0);
    const usable = removed === 0 || removed === -ENOENT;
    this.#fd = usable ? openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY) : removed;
    if (this.#fd < 0) throw this.#failure(this.#fd);
    this.#give_to_caller();
  }

  async add({ title, text }: Item): Promise<void> {
    const bytes = path_text_bytes(without_secrets(`=== ${title}\n${await text}\n\n`));
    for (let at = 0; at < bytes.length;) {
      const result = write(this.#fd, bytes.subarray(at), bytes.length - at);
      if (result < 0) throw this.#failure(result);
      at += result;
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }

  /** Whoever used sudo has to be able to attach the file. */
  #give_to_caller(): void {
    const [uid, gid] = ["SUDO_UID", "SUDO_GID"].map((name) => Number(Deno.env.get(name)));
    if (Number.isInteger(uid) && Number.isInteger(gid)) fchown(this.#fd, uid!, gid!);
  }

  #failure(error: number): ToolError {
    return new ToolError(`cannot write "${this.path}": ${errno_text(error)} (TMPDIR=DIRECTORY names another place)`);
  }
}
