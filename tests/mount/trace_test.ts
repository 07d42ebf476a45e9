// The trace of a whole workload with the real program (operations §26): every line has the given form, and every request
// its reply, whatever names are about and whenever the trace is switched.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Pool, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";
import { wait_until } from "../support/wait_until.ts";

const STRING = String.raw`"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\["\\]|\\x[0-9a-f]{2})*"`;
const HEAD = String.raw`^ts=(?<ts>\d+) dir=(?<dir>IN|OUT) unique=0x(?<unique>[0-9A-F]{16})`;
const IN = String.raw` opcode=(?<opcode>[A-Z0-9_]+) opcode_id=\d+ nodeid=\d+ uid=\d+ gid=\d+ pid=\d+`;
const OUT = String.raw` error=(?<error>0|-\d+)(?: error_str=${STRING})?(?: notify=[A-Z_]+ notify_id=\d+)? len=\d+`;
const FIELDS = String.raw`(?: [a-z_0-9]+=(?:${STRING}|-?[0-9][0-9a-fx.]*))*$`;
const REQUEST = new RegExp(HEAD + IN + FIELDS);
const REPLY = new RegExp(HEAD + OUT + FIELDS);
/** Requests without a reply. */
const ONE_WAY = ["FORGET", "BATCH_FORGET", "INTERRUPT"];
const NOTICE_UNIQUE = "0".repeat(16);

interface Line {
  readonly ts: bigint;
  readonly dir: string;
  readonly unique: string;
  readonly opcode: string;
  readonly error: number;
}

/** The lines of a trace; one that has not the form fails. */
function parse(trace: string): Line[] {
  return trace.split("\n").slice(0, -1).map(function parse_line(line) {
    const groups = (REQUEST.exec(line) ?? REPLY.exec(line))?.groups;
    assert(groups !== undefined, `Not the form of a line: ${line}`);
    const { ts, dir, unique, opcode = "", error = "0" } = groups;
    return { ts: BigInt(ts!), dir: dir!, unique: unique!, opcode, error: Number(error) };
  });
}

/** Requests that are not answered (yet), by number; a reply without a request before it fails. */
function unanswered(lines: readonly Line[]): string[] {
  const open = new Map<string, Line>();
  for (const line of lines) {
    if (line.dir === "IN") {
      assert(!open.has(line.unique), `twice: ${line.unique}`);
      if (!ONE_WAY.includes(line.opcode)) open.set(line.unique, line);
    } else if (line.unique !== NOTICE_UNIQUE) {
      const request = open.get(line.unique);
      assert(request !== undefined, `a reply without a request: ${line.unique}`);
      assert(request.ts <= line.ts);
      open.delete(line.unique);
    }
  }
  return [...open.keys()];
}

/** The trace, read strictly as UTF-8, when every request in it is answered. */
async function finished_trace(pool: Pool): Promise<string> {
  const read = () => new TextDecoder("utf-8", { fatal: true }).decode(Deno.readFileSync(pool.log_file));
  await wait_until("every request has its reply", () => {
    const text = read();
    return text.endsWith("\n") && unanswered(parse(text)).length === 0;
  });
  return read();
}

const NAMES = String
  .raw`[b'plain', b'two\nlines', b'quote"back\\slash', b'\xff\xfe', 'Ärger \u0085 🎬'.encode(), b'ts=1 dir=IN']`;

const WORKLOAD = `
import array, select
os.chdir(os.fsencode(sys.argv[1]))
for name in ${NAMES}:
    os.mkdir(name)
    inside = name + b"/" + name
    with open(inside, "wb") as file: file.write(b"content")
    os.symlink(name, inside + b".link")
    os.readlink(inside + b".link")
    os.setxattr(inside, b"user." + name, name)
    os.getxattr(inside, b"user." + name)
    os.listxattr(inside)
    os.removexattr(inside, b"user." + name)
    os.rename(inside, inside + b".new")
    os.listdir(name)
os.mknod("fifo", 0o600 | stat.S_IFIFO)
fd = os.open("file", os.O_RDWR | os.O_CREAT)
os.write(fd, b"x" * 10000)
os.link("file", "other")
os.chmod("file", 0o640)
os.utime("file", ns=(1, -1))
os.truncate("other", 5000)
os.pread(fd, 100, 0)
os.posix_fallocate(fd, 0, 20000)
os.lseek(fd, 0, os.SEEK_DATA)
os.fsync(fd)
copy = os.open("copy", os.O_RDWR | os.O_CREAT)
os.copy_file_range(fd, copy, 1000)
poll = select.poll()
poll.register(fd)
poll.poll(0)
fcntl.ioctl(fd, FS_IOC_GETFLAGS, array.array("l", [0]))
renameat2("fifo", "pipe", RENAME_NOREPLACE)
birth_time_ns("file")
directory = os.open(".", os.O_RDONLY)
os.fsync(directory)
os.statvfs(".")
os.close(os.open(".", O_TMPFILE | os.O_RDWR))
attempt(os.stat, "gone")
attempt(os.rmdir, "plain")
for each in fd, copy, directory: os.close(each)
for name in "file", "other", "copy", "pipe": os.unlink(name)
os.mkdir("empty")
os.rmdir("empty")
`;

const SEEN = [
  ..."INIT LOOKUP GETATTR SETATTR READLINK SYMLINK MKNOD MKDIR UNLINK RMDIR RENAME RENAME2 LINK OPEN READ WRITE".split(
    " ",
  ),
  ..."STATFS RELEASE FSYNC SETXATTR GETXATTR LISTXATTR REMOVEXATTR FLUSH OPENDIR RELEASEDIR FSYNCDIR CREATE".split(" "),
  ..."IOCTL POLL FALLOCATE LSEEK TMPFILE STATX".split(" "),
];

Deno.test("the trace: each line of a workload with all operations has the form, each request its reply", async () => {
  await with_pool({ trace: true, options: "passthrough.io=off" }, async (pool) => {
    await python(WORKLOAD, [pool.mountpoint]);
    const text = await finished_trace(pool);
    const lines = parse(text);
    const opcodes = new Set(lines.map(({ opcode }) => opcode));
    assertEquals(SEEN.filter((opcode) => !opcodes.has(opcode)), []);
    for (const pattern of [/^READDIR/, /FORGET$/, /^COPY_FILE_RANGE/]) {
      assert([...opcodes].some((opcode) => pattern.test(opcode)), String(pattern));
    }
    assertMatch(text, / opcode=MKDIR .* name="two\\x0alines"\n/);
    assertMatch(text, / opcode=MKDIR .* name="quote\\"back\\\\slash"\n/);
    assertMatch(text, / opcode=MKDIR .* name="\\xff\\xfe"\n/);
    assertMatch(text, / opcode=MKDIR .* name="Ärger \\xc2\\x85 🎬"\n/);
    assertMatch(text, / error=-39 error_str="Directory not empty" len=16\n/);
    assertMatch(text, / error=0 notify=INVAL_INODE notify_id=2 len=40 nodeid=\d+ offset=-1 length=0\n/);
  });
});

const LOAD = `
import threading
os.chdir(sys.argv[1])
def work(number):
    for round in range(100):
        put(f"f{number}", "content")
        os.stat(f"f{number}")
        os.unlink(f"f{number}")
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for round in range(20):
    os.setxattr(".mergerfs", "user.mergerfs.debug", b"true" if round % 2 else b"false")
for thread in threads: thread.join()
os.setxattr(".mergerfs", "user.mergerfs.debug", b"false")
`;

Deno.test("the trace: switched on and off under load, every reply in it has its request", async () => {
  await with_pool({ trace: true }, async (pool) => {
    await python(LOAD, [pool.mountpoint]);
    const lines = parse(await finished_trace(pool));
    const switches = lines.filter(({ opcode }) => opcode === "SETXATTR");
    // A request that switches it off is still told with its reply, one that switches it on is not.
    assertEquals(switches.length, 11);
    await Deno.writeTextFile(pool.path("untold"), "");
    assert(!Deno.readTextFileSync(pool.log_file).includes('"untold"'));
  });
});
