// sqlite3 in WAL mode: shared memory, byte-range locks and fsync of four processes that write the same database.

import { assertEquals } from "@std/assert";
import { on_pool_and_native, with_pool } from "../support/mount.ts";
import { must, python, shell } from "../support/run.ts";

const WRITERS = 4;
const ROWS_EACH = 150;

const WRITE = `
  import sqlite3
  database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
  writer = int(sys.argv[2])
  for row in range(int(sys.argv[3])):
      database.execute("begin immediate")
      database.execute("insert into rows values (?, ?, ?)", (writer, row, os.urandom(300)))
      database.execute("update total set count = count + 1")
      database.execute("commit")
  database.close()
`;

async function four_writers(directory: string): Promise<string> {
  const database = `${directory}/database`;
  const make = "pragma journal_mode=wal; create table rows (writer, number, content); create table total (count);" +
    "insert into total values (0);";
  await must("sqlite3", [database, make]);
  const writers = Array.from(
    { length: WRITERS },
    (_, writer) => python(WRITE, [database, String(writer), String(ROWS_EACH)]),
  );
  await Promise.all(writers);
  return await must("sqlite3", [
    database,
    "pragma integrity_check; select count(*), count(distinct writer || ' ' || number), (select count from total) from rows;",
  ]);
}

Deno.test("four processes write an sqlite database in WAL mode on the pool", async () => {
  const { pool, native } = await on_pool_and_native({}, four_writers);
  const rows = WRITERS * ROWS_EACH;
  assertEquals(native, `ok\n${rows}|${rows}|${rows}\n`);
  assertEquals(pool, native);
});

Deno.test("after its writer is killed an sqlite database recovers from its log on the pool", async () => {
  await with_pool({}, async (pool) => {
    const database = pool.path("database");
    await must("sqlite3", [database, "pragma journal_mode=wal; create table rows (number);"]);
    await shell(
      `/usr/bin/python3 -c '
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for row in range(50):
    database.execute("insert into rows values (?)", (row,))
database.execute("begin")
database.execute("insert into rows values (1000)")
os.kill(os.getpid(), signal.SIGKILL)
' "$1" || [ $? = 137 ]`,
      [database],
    );
    assertEquals(await must("sqlite3", [database, "pragma integrity_check; select count(*) from rows;"]), "ok\n50\n");
  });
});
