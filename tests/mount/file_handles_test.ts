// File handles, as NFS servers keep them (operations §7.4, §7.5, §30.12): which outlast that the kernel forgets the file, and
// what happens to that of a file that was renamed, removed or replaced. name_to_handle_at(2) and open_by_handle_at(2) take the
// same way through the kernel as knfsd.

import { assertEquals } from "@std/assert";
import { drop_cached, forget_everything } from "../support/forget.ts";
import { broken_live_invariants } from "../support/live_arena.ts";
import { type Pool, with_pool, with_unmounted_pool } from "../support/mount.ts";
import { python } from "../support/run.ts";

const KEPT = "never-forget-nodes=true";

const MAKE_TREE = `
  os.chdir(sys.argv[1])
  os.makedirs("d/e")
  put("d/e/f", "deep")
  put("g", "flat")
  show({name: handle_of(name) for name in (".", "d", "d/e", "d/e/f", "g")})
`;

/** For each handle: where a directory is and what a file holds, or the errno. */
const OPEN_ALL = `
  root, handles = sys.argv[1], json.loads(sys.argv[2])
  def look(handle):
      fd = open_handle(root, handle)
      try:
          if stat.S_ISDIR(os.fstat(fd).st_mode):
              return (os.readlink(f"/proc/self/fd/{fd}") + "/")[len(root):]
          return os.read(fd, 100).decode()
      finally:
          os.close(fd)
  show({name: attempt(look, handle) for name, handle in handles.items()})
`;

type Handles = Record<string, string>;

function open_all(pool: Pool, handles: Handles): Promise<Record<string, string>> {
  return python(OPEN_ALL, [pool.mountpoint, JSON.stringify(handles)]);
}

const ALL = { ".": "/", d: "/d/", "d/e": "/d/e/", "d/e/f": "deep", g: "flat" };
const ONLY_ROOT = { ".": "/", d: "ESTALE", "d/e": "ESTALE", "d/e/f": "ESTALE", g: "ESTALE" };

Deno.test("by default the handle of what the kernel has forgotten is stale", async () => {
  await with_pool({}, async (pool) => {
    const handles = await python<Handles>(MAKE_TREE, [pool.mountpoint]);
    await forget_everything(pool);
    assertEquals(await open_all(pool, handles), ONLY_ROOT);
    assertEquals(broken_live_invariants(pool.pid), []);
  });
});

for (const option of [KEPT, "noforget"]) {
  Deno.test(`with ${option} the handles of files and directories outlast that the kernel forgets them`, async () => {
    await with_pool({ options: option, trace: option === KEPT }, async (pool) => {
      const handles = await python<Handles>(MAKE_TREE, [pool.mountpoint]);
      for (let round = 0; round < 2; round++) {
        await drop_cached(pool);
        assertEquals(await open_all(pool, handles), ALL);
      }
      // Alone, so that nothing else brings the directories above back.
      for (const name of ["d/e", "d/e/f"] as const) {
        await drop_cached(pool);
        assertEquals(await open_all(pool, { it: handles[name]! }), { it: ALL[name] });
      }
      if (option === KEPT) await pool.wait_for_trace(/LOOKUP.*"\.\."/);
    });
  });
}

Deno.test("with export-support=false the handle of what the kernel has forgotten is stale, kept nodes or not", async () => {
  await with_pool({ options: `${KEPT},export-support=false` }, async (pool) => {
    const handles = await python<Handles>(MAKE_TREE, [pool.mountpoint]);
    await drop_cached(pool);
    assertEquals(await open_all(pool, handles), ONLY_ROOT);
  });
});

/** What becomes of handles: what is done to the files "a" and "b" and the directory "d" with its file "d/f", and what is seen then. */
const FATES = `
  import shutil
  root, branches = sys.argv[1], sys.argv[2:]
  os.chdir(root)
  def on_branch(name):
      return next(f"{branch}/{name}" for branch in branches if os.path.lexists(f"{branch}/{name}"))
  def other_branch(name):
      return next(f"{branch}/{name}" for branch in branches if not os.path.lexists(f"{branch}/{name}"))
  def put_aside(name, content):
      put(on_branch(name) + ".new", content)
      os.rename(on_branch(name) + ".new", on_branch(name))
  def move_to_other_branch(name):
      target = other_branch(name)
      put(target, get(on_branch(name)))
      os.unlink(next(f"{branch}/{name}" for branch in branches if f"{branch}/{name}" != target))
  def recreate(name):
      os.unlink(name)
      put(name, "created anew")
  def recreate_directory():
      os.rename("d/f", "kept")
      os.rmdir("d")
      os.mkdir("d")
  FATES = {
      "nothing": lambda: None,
      "rename": lambda: os.rename("a", "d/new"),
      "rename of the directory": lambda: os.rename("d", "renamed"),
      "rename and back": lambda: (os.rename("d", "x"), os.rename("x", "d")),
      "unlink": lambda: os.unlink("a"),
      "replacement": lambda: os.rename("b", "a"),
      "exchange": lambda: renameat2("a", "b", RENAME_EXCHANGE),
      "created anew": lambda: recreate("a"),
      "a directory created anew": recreate_directory,
      "removal of the directory": lambda: (os.unlink("d/f"), os.rmdir("d")),
      "one of two names removed": lambda: (os.link("a", "d/second"), os.unlink("a")),
      "replaced on its branch": lambda: put_aside("a", "replaced"),
      "moved to another branch": lambda: move_to_other_branch("a"),
      "removed on its branch": lambda: os.unlink(on_branch("a")),
  }
  def content(handle):
      fd = open_handle(root, handle)
      try:
          if stat.S_ISDIR(os.fstat(fd).st_mode):
              return os.readlink(f"/proc/self/fd/{fd}")[len(root):] + " " + " ".join(sorted(os.listdir(fd)))
          return os.read(fd, 100).decode()
      finally:
          os.close(fd)
  def seen(handles):
      return " | ".join(str(attempt(content, handle)) for handle in handles)
  found = {}
  for fate, call in FATES.items():
      os.mkdir("d")
      for name in ("a", "b", "d/f"):
          put(name, name)
      handles = [handle_of(name) for name in ("a", "b", "d", "d/f")]
      drop_cached(root)
      call()
      first = seen(handles)
      drop_cached(root)
      found[fate] = first if first == seen(handles) else [first, seen(handles)]
      for name in os.listdir("."):
          shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
      drop_cached(root)
  # A name that went away behind the pool's back stays known until it goes through the pool: its disk may come back.
  put("a")
  os.unlink("a")
  show(found)
`;

Deno.test("what becomes of the handles of what is renamed, removed, replaced", async () => {
  await with_pool({ options: `${KEPT},category.create=ff,cache.entry=0,cache.attr=0` }, async (pool) => {
    const found = await python(FATES, [pool.mountpoint, ...pool.branches]);
    assertEquals(found, {
      nothing: "a | b | /d f | d/f",
      rename: "a | b | /d f new | d/f",
      "rename of the directory": "a | b | /renamed f | d/f",
      "rename and back": "a | b | /d f | d/f",
      unlink: "ESTALE | b | /d f | d/f",
      replacement: "ESTALE | b | /d f | d/f",
      exchange: "a | b | /d f | d/f",
      "created anew": "ESTALE | b | /d f | d/f",
      "a directory created anew": "a | b | ESTALE | d/f",
      "removal of the directory": "a | b | ESTALE | ESTALE",
      // A handle belongs to a name; natively to the file, which lives on under its other one.
      "one of two names removed": "ESTALE | b | /d f second | d/f",
      "replaced on its branch": "replaced | b | /d f | d/f",
      "moved to another branch": "a | b | /d f | d/f",
      "removed on its branch": "ESTALE | b | /d f | d/f",
    });
    assertEquals(broken_live_invariants(pool.pid), []);
    await forget_everything(pool);
  });
});

Deno.test("a handle of a former mount is stale, although the numbers of the nodes come again", async () => {
  await with_unmounted_pool({ options: KEPT }, async (pool) => {
    await pool.start();
    const handles = await python<Handles>(MAKE_TREE, [pool.mountpoint]);
    await pool.stop();
    await Deno.remove(pool.mountpoint);
    await pool.start();
    const numbers = await python<Handles>(MAKE_TREE.replace("os.makedirs", "# "), [pool.mountpoint]);
    assertEquals(node_numbers(numbers), node_numbers(handles));
    for (let round = 0; round < 2; round++) {
      assertEquals(await open_all(pool, handles), ONLY_ROOT);
      await drop_cached(pool);
    }
    assertEquals(await open_all(pool, numbers), ALL);
    await pool.stop();
  });
});

/** The number of the node is in front of the generation, behind size and type of the handle. */
function node_numbers(handles: Handles): string[] {
  return Object.values(handles).map((handle) => handle.slice(16, 32));
}

Deno.test("kept nodes: by handle and by name it is one file; open or removed ones do not come back", async () => {
  await with_pool({ options: KEPT }, async (pool) => {
    const found = await python(
      `
      root = sys.argv[1]
      os.chdir(root)
      put("a", "content")
      os.makedirs("d/e")
      put("d/e/f", "deep")
      handle, connectable = handle_of("a"), handle_of("d/e/f", AT_HANDLE_CONNECTABLE)
      drop_cached(root)
      fd = open_handle(root, handle, os.O_RDWR)
      os.write(fd, b"CON")
      is_one_file = os.fstat(fd).st_ino == os.stat("a").st_ino
      text = get("a")
      os.rename("a", "b")
      os.ftruncate(fd, 4)
      size = os.stat("b").st_size
      os.unlink("b")
      again = attempt(open_handle, root, handle)
      drop_cached(root)
      still_open = os.pread(fd, 100, 0).decode()
      os.close(fd)
      drop_cached(root)
      path = os.readlink(f"/proc/self/fd/{open_handle(root, connectable)}")[len(root):]
      show([is_one_file, text, size, again, still_open, attempt(open_handle, root, handle), path])
    `,
      [pool.mountpoint],
    );
    assertEquals(found, [true, "CONtent", 4, "ESTALE", "CONt", "ESTALE", "/d/e/f"]);
  });
});

Deno.test("a listing tells the inode numbers of directories as stat does, in every mode: the kernel finds them by it", async () => {
  await with_pool({ options: `${KEPT},category.create=rand` }, async (pool) => {
    const wrong = await python(
      `
      root = sys.argv[1]
      os.chdir(root)
      for number in range(20):
          os.makedirs(f"d/e{number}/x")
      os.rename("d", "renamed")
      wrong = []
      for mode in sys.argv[2:]:
          os.setxattr(".mergerfs", "user.mergerfs.inodecalc", mode.encode())
          handles = {f"e{number}": handle_of(f"renamed/e{number}") for number in range(20)}
          drop_cached(root)
          for entry in os.scandir("renamed"):
              if entry.inode() != os.stat(entry.path).st_ino:
                  wrong.append([mode, entry.name])
          drop_cached(root)
          if mode == "passthrough":
              continue  # directories of two branches may have one number, and the kernel may find the wrong one by it
          for name, handle in handles.items():
              fd = open_handle(root, handle)
              if os.readlink(f"/proc/self/fd/{fd}") != f"{root}/renamed/{name}":
                  wrong.append([mode, name, "by handle"])
              os.close(fd)
      show(wrong)
    `,
      [
        pool.mountpoint,
        ..."passthrough path-hash path-hash32 devino-hash devino-hash32 hybrid-hash hybrid-hash32".split(" "),
      ],
    );
    assertEquals(wrong, []);
  });
});
