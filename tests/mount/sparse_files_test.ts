// SEEK_DATA and SEEK_HOLE (departures D13): what the kernel has not written out yet must never be taken for a hole, or
// `cp` copies zeroes.

import { assertEquals } from "@std/assert";
import { with_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

const BYTES = 3 * 1024 * 1024;

// Everything in one process: a program that is started closes the descriptors it gets, which writes the pages out.
const BEHIND_THE_CACHE = `
  os.chdir(sys.argv[1])
  size = int(sys.argv[2])

  def data_and_hole(name):
      fd = os.open(name, os.O_RDONLY)
      found = [attempt(os.lseek, fd, 0, os.SEEK_DATA), attempt(os.lseek, fd, 0, os.SEEK_HOLE)]
      os.close(fd)
      return found

  mapped = os.open("mapped", os.O_RDWR | os.O_CREAT)
  os.ftruncate(mapped, size)
  pages = mmap.mmap(mapped, size)
  pages[:] = b"x" * size
  written = os.open("written", os.O_WRONLY | os.O_CREAT)
  os.write(written, b"x" * size)
  show([data_and_hole("mapped"), data_and_hole("written")])
`;

const HOLES = `
  os.chdir(sys.argv[1])
  size = int(sys.argv[2])
  with open("sparse", "wb") as file:
      file.truncate(2 * size)
      file.seek(size)
      file.write(b"x" * size)
  fd = os.open("sparse", os.O_RDONLY)
  show([attempt(os.lseek, fd, *wanted) for wanted in [(0, os.SEEK_DATA), (0, os.SEEK_HOLE), (size, os.SEEK_HOLE), (2 * size, os.SEEK_DATA)]])
`;

const BY_DAEMON = "passthrough.io=off";
const BESIDES: readonly string[] = [
  `${BY_DAEMON},cache.files=off`,
  `${BY_DAEMON},cache.files=partial`,
  `${BY_DAEMON},cache.files=full`,
  `${BY_DAEMON},cache.files=auto-full`,
  "cache.files=full,cache.writeback=true",
  "passthrough.min-free=0",
];

for (const options of BESIDES) {
  Deno.test(`data in the page cache is no hole: ${options}`, async () => {
    await with_pool({ options }, async (pool) => {
      const results = await python(BEHIND_THE_CACHE, [pool.mountpoint, String(BYTES)]);
      assertEquals(results, [[0, BYTES], [0, BYTES]]);
    });
  });
}

Deno.test("holes are found where nothing can be in the page cache", async () => {
  for (const options of [`${BY_DAEMON},cache.files=off`, `${BY_DAEMON},cache.files=full`, "passthrough.min-free=0"]) {
    await with_pool({ options }, async (pool) => {
      const results = await python(HOLES, [pool.mountpoint, String(BYTES)]);
      assertEquals(results, [BYTES, 0, 2 * BYTES, "ENXIO"], options);
    });
  }
});
