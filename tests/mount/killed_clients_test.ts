// Programs that are killed or interrupted in the middle of their system calls, thousands of times: what replies gave to them
// is given back, by the kernel or by us (operations §7.2, §7.7, F11). Afterwards the state of the daemon is sound, and when
// the kernel has forgotten everything only the root is left.

import { assertEquals } from "@std/assert";
import { forget_everything } from "../support/forget.ts";
import { broken_live_invariants } from "../support/live_arena.ts";
import { type Pool, with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

const PROCESSES = 2;
const KILLS_EACH = 150;

/**
 * A child calls in an endless loop and says so before each call; after some calls it is killed: in the middle of one, for it
 * has nothing else to do. Every second child is also interrupted by a timer, several times in each call.
 */
const KILL = `
  import random
  root, seed, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
  chance = random.Random(seed)
  os.chdir(root)
  def create(name):
      os.close(os.open(name, os.O_RDWR | os.O_CREAT, 0o644))
  def make_nameless(name):
      fd = os.open(".", os.O_RDWR | O_TMPFILE)
      linkat_fd(fd, name)
      os.close(fd)
  def open_and_write(name):
      fd = os.open(name, os.O_RDWR)
      os.pwrite(fd, b"x" * 5000, 0)
      os.ftruncate(fd, 10)
      os.close(fd)
  CALLS = [
      create, make_nameless, open_and_write, os.stat, os.unlink, lambda name: os.mkdir(name + "d"),
      lambda name: os.rmdir(name + "d"), lambda name: os.link(name, name + "l"), lambda name: os.unlink(name + "l"),
      lambda name: os.rename(name, name + "r"), lambda name: os.symlink("x", name + "s"), lambda name: os.unlink(name + "s"),
      lambda name: os.mkfifo(name + "p"), lambda name: os.listdir("."), lambda name: list(os.scandir("../d")), get,
  ]
  def work(writer, is_interrupted):
      if is_interrupted:
          signal.signal(signal.SIGALRM, lambda *_: None)
          signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
      while True:
          call, name = chance.choice(CALLS), f"{seed}.{chance.randrange(6)}"
          os.write(writer, b".")
          attempt(call, name)
  os.chdir("d")
  for kill in range(kills):
      reader, writer = os.pipe()
      chance.seed(seed * kills + kill)
      child = os.fork()
      if child == 0:
          work(writer, kill % 2 == 0)
      os.close(writer)
      for _ in range(chance.randrange(1, 30)):
          os.read(reader, 1)
      os.kill(child, signal.SIGKILL)
      os.close(reader)
      assert os.waitpid(child, 0)[1] == signal.SIGKILL
`;

function open_on_branches(pool: Pool): string[] {
  const folder = `/proc/${pool.pid}/fd`;
  return [...Deno.readDirSync(folder)].map(({ name }) => Deno.readLinkSync(`${folder}/${name}`))
    .filter((path) => pool.branches.some((branch) => path.startsWith(branch)));
}

for (const options of ["", "cache.entry=0,cache.attr=0,passthrough.io=off,cache.files=partial"]) {
  Deno.test(`clients are killed in the middle of their calls, and nothing of them stays (options "${options}")`, async () => {
    await with_pool({ options }, async (pool) => {
      await Deno.mkdir(pool.path("d"));
      const seeds = Array.from({ length: PROCESSES }, (_, seed) => seed);
      await Promise.all(seeds.map((seed) => python(KILL, [pool.mountpoint, String(seed), String(KILLS_EACH)])));
      await forget_everything(pool);
      assertEquals([broken_live_invariants(pool.pid), open_on_branches(pool)], [[], []]);
      await Deno.writeTextFile(pool.path("d/after"), "content");
      assertEquals(await Deno.readTextFile(pool.path("d/after")), "content");
    });
  });
}
