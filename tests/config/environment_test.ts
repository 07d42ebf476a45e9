// What the configuration reads and writes on a real machine.

import { assert, assertEquals } from "@std/assert";
import { to_text } from "../../src/base/bytes.ts";
import { EFBIG, EISDIR, ENOENT } from "../../src/base/errno.ts";
import { CONFIG_FILE_BYTES_MAX } from "../../src/base/limits.ts";
import { Configuration } from "../../src/config/configuration.ts";
import { system_environment } from "../../src/config/environment.ts";
import { AT_FDCWD, lstat } from "../../src/sys/path.ts";
import { StatxBuffer } from "../../src/base/statx.ts";
import { in_scratch_directory, path_bytes } from "../support/scratch.ts";

const { read_file, try_append } = system_environment(() => {});

Deno.test("files are read whole, a directory is empty, and failures are told apart", () => {
  in_scratch_directory((directory) => {
    for (const size of [0, 5, 65536, 65537, 300_000]) {
      const text = "line=7\n".repeat(size).slice(0, size);
      Deno.writeTextFileSync(`${directory}/f`, text);
      const content = read_file(`${directory}/f`);
      assert(typeof content !== "number" && to_text(content) === text, `${size} bytes`);
    }
    assertEquals(read_file(directory), new Uint8Array(0));
    assertEquals(read_file(`${directory}/none`), -ENOENT);
    assertEquals(read_file("/dev/zero"), -EFBIG);
    Deno.truncateSync(`${directory}/f`, CONFIG_FILE_BYTES_MAX);
    assert(typeof read_file(`${directory}/f`) !== "number");
  });
});

Deno.test("the log file is made, and its name may be any bytes", () => {
  in_scratch_directory((directory) => {
    assertEquals(try_append(`${directory}/\udcff`), 0);
    assertEquals(lstat(AT_FDCWD, path_bytes(directory, [0xff]), new StatxBuffer()), 0);
    Deno.writeTextFileSync(`${directory}/log`, "kept");
    assertEquals(try_append(`${directory}/log`), 0);
    assertEquals(Deno.readTextFileSync(`${directory}/log`), "kept");
    assertEquals(try_append(`${directory}/none/log`), -ENOENT);
    assertEquals(try_append(directory), -EISDIR);
  });
});

Deno.test("a value with a NUL byte opens no file of another name", () => {
  in_scratch_directory((directory) => {
    Deno.writeTextFileSync(`${directory}/c`, "cache.attr=7");
    const configuration = new Configuration(system_environment(() => {}));
    for (const [key, name] of [["config", "c"], ["log.file", "new"], ["fsname", "x"]] as const) {
      assertEquals(configuration.set(key, `${directory}/${name}\0y`, "startup"), -22, key);
    }
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["c"]);
  });
});
