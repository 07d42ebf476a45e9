// What is sent to the log daemon, and what happens when there is none, or none that reads.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { LOG_ERR, LOG_INFO, SystemLog } from "../../src/sys/syslog.ts";
import { python } from "../support/run.ts";
import { SystemLogListener, with_system_log } from "../support/system_log.ts";
import { with_temp_dir } from "../support/temp_dir.ts";
import { wait_until } from "../support/wait_until.ts";

const NO_WAIT_MS = 0;
/** More than wait in a queue anywhere. */
const RECORDS_MAX = 10_000;

Deno.test("a record: facility user, level, time, ident, pid, text as it is", async () => {
  await with_temp_dir((directory) =>
    with_system_log(directory, async (listener) => {
      const log = new SystemLog("some-name", listener.socket);
      const long = "x".repeat(100_000);
      for (const text of ["Ärger 100 %s", "\udcff", long]) assert(log.write(LOG_ERR, text, NO_WAIT_MS));
      await wait_until("all are there", () => listener.records().length === 3);
      for (const { facility, level, ident, pid } of listener.records()) {
        assertEquals([facility, level, ident, pid], [1, LOG_ERR, "some-name", Deno.pid]);
      }
      const [first, second, third] = listener.records().map(({ text }) => text);
      assertEquals([first, second], ["Ärger 100 %s", "\udcff"]);
      assertMatch(third!, /^x{60000,}$/);
    })
  );
});

Deno.test("without a log daemon nothing is taken; one that comes, or comes back, is found", async () => {
  await with_temp_dir(async (directory) => {
    const socket = `${directory}/log.socket`;
    const log = new SystemLog("name", socket);
    assertEquals(log.write(LOG_INFO, "nobody", NO_WAIT_MS), false);
    for (const text of ["first", "second"]) {
      const listener = await SystemLogListener.start(socket);
      assert(log.write(LOG_INFO, text, NO_WAIT_MS));
      assertEquals((await listener.wait_for(/./)).text, text);
      await listener.end();
      assertEquals(log.write(LOG_INFO, "nobody", NO_WAIT_MS), false);
    }
  });
});

Deno.test("a log daemon that does not read is waited for as long as was said", async () => {
  await with_temp_dir(async (directory) => {
    const listener = await SystemLogListener.start(`${directory}/log.socket`);
    try {
      const log = new SystemLog("name", listener.socket);
      await listener.freeze();
      let taken = 0;
      while (taken < RECORDS_MAX && log.write(LOG_INFO, `number ${taken}`, NO_WAIT_MS)) taken++;
      assert(taken > 0 && taken < RECORDS_MAX, `${taken} taken`);
      const start_ms = performance.now();
      assertEquals(log.write(LOG_INFO, "late", 20), false);
      assert(performance.now() - start_ms >= 20);
      listener.thaw();
      assert(log.write(LOG_INFO, "afterwards", 10_000));
      await listener.wait_for(/^afterwards$/);
      assertEquals(listener.records().length, taken + 1);
    } finally {
      await listener.end();
    }
  });
});

Deno.test("a log daemon with a stream gets records with a NUL behind each", async () => {
  await with_temp_dir(async (directory) => {
    const socket = `${directory}/log.socket`;
    const received = python<string>(
      `
      import socket
      server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
      server.bind(sys.argv[1] + ".new")
      server.listen()
      os.rename(sys.argv[1] + ".new", sys.argv[1])
      connection, text = server.accept()[0], b""
      while text.count(b"\\0") < 2: text += connection.recv(1000)
      show(text.decode())
      `,
      [socket],
    );
    await wait_until("it listens", () => Deno.lstat(socket).then(() => true, () => false));
    const log = new SystemLog("name", socket);
    for (const text of ["one", "two"]) assert(log.write(LOG_INFO, text, NO_WAIT_MS));
    assertMatch(await received, /^<14>[^\0]*: one\0<14>[^\0]*: two\0$/);
  });
});
