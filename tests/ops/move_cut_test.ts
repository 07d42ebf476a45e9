// A move that is cut off: by a killed daemon after any system call, by one failing call, by a power cut. The file is whole
// under its name at every moment, and a copy that is not on disk for good is never the only one.

import { assert, assertEquals } from "@std/assert";
import { EIO } from "../../src/base/errno.ts";
import { O_APPEND, O_RDONLY, O_RDWR } from "../../src/sys/file.ts";
import { while_full } from "../support/full_branch.ts";
import { Pool, with_pool } from "../support/handler.ts";
import {
  type CallName,
  fails_with,
  for_each_change,
  no_hidden_files,
  path_of,
  type StandIn,
  with_stand_ins,
} from "../support/system_calls.ts";
import * as wire from "../support/wire.ts";

const TEXT = "all that was there before\n".repeat(400);
const MORE = "and what came then";

/** Appends to d/e/f, open three times, while b0 is full and system calls have stand-ins. Returns result and handles. */
function append(
  pool: Pool,
  stand_in: (real: () => number, name: CallName, at: number) => number,
): { result: string; handles: bigint[]; node: bigint } {
  Deno.mkdirSync(pool.on(0, "d/e"), { recursive: true });
  Deno.writeTextFileSync(pool.on(0, "d/e/f"), TEXT);
  const node = pool.node("d/e/f");
  const handles = [O_RDWR, O_RDWR | O_APPEND, O_RDONLY].map((flags) => pool.open("d/e/f", flags));
  const message = wire.write(pool.next(), node, handles[1]!, TEXT.length, new TextEncoder().encode(MORE));
  let result = "";
  while_full(pool, () => with_stand_ins(for_each_change(stand_in), () => result = pool.send(message).result));
  return { result, handles, node };
}

/** The contents of the file on the branches that have it. */
function contents(pool: Pool): string[] {
  return pool.tree().filter((name) => name.endsWith("/f")).map((name) => {
    return Deno.readTextFileSync(`${pool.directory}/b${name}`);
  });
}

interface Form {
  readonly what: string;
  readonly stand_ins: Parameters<typeof with_stand_ins>[0];
  /** What may be left beside the file when the daemon is killed. */
  readonly rest: RegExp;
  /** From the step that gives the copy its name. */
  readonly steps: readonly string[];
}

const LAST_STEPS = ["fsync /b1/d/e", "fsync /b1/d", "fsync /b1", "unlinkat /b0/d/e/f", "fsync /b0/d/e"];

/** Where there are files without a name, and where there are none. */
const FORMS: readonly Form[] = [
  {
    what: "a hidden copy",
    stand_ins: {},
    rest: /^$/,
    steps: ["linkat /b1/d/e/f", "fsync /b1/d/e/COPY", ...LAST_STEPS],
  },
  {
    what: "a temporary name",
    stand_ins: { openat: no_hidden_files },
    rest: /^(1\/d\/e\/\.f_\w{6})?$/,
    steps: ["renameat2 /b1/d/e/f", ...LAST_STEPS],
  },
];

function in_both_forms(name: string, use: (form: Form) => void): void {
  for (const form of FORMS) Deno.test(`${name}: ${form.what}`, () => with_stand_ins(form.stand_ins, () => use(form)));
}

function count_calls(): number {
  let count = 0;
  with_pool({ branches: ["", ""] }, (pool) => {
    const { result } = append(pool, (real, _name, at) => {
      count = at + 1;
      return real();
    });
    assertEquals([result, contents(pool)], ["ok", [TEXT + MORE]]);
  });
  assert(count > 30, `${count} calls only`);
  return count;
}

in_both_forms("killed after any system call of a move, the file is whole under its name", (form) => {
  const count = count_calls();
  for (let end = 0; end < count; end++) {
    with_pool({ branches: ["", ""] }, (pool) => {
      append(pool, (real, _name, at) => at >= end ? fails_with(EIO) : real());
      const found = contents(pool);
      assert(found.length > 0, `after ${end} calls the file is gone`);
      for (const text of found) assert(text === TEXT || text === TEXT + MORE, `after ${end} calls the file is damaged`);
      const rest = pool.tree().filter((name) => !name.endsWith("/") && !name.endsWith("/f"));
      assert(form.rest.test(rest.join()), `${rest}`);
    });
  }
});

in_both_forms("when one system call fails, the move is made or not made, and nothing is half done", () => {
  const count = count_calls();
  for (let failing = 0; failing < count; failing++) {
    with_pool({ branches: ["", ""] }, (pool) => {
      let name: CallName | undefined;
      const { result, handles, node } = append(pool, (real, called, at) => {
        if (at !== failing) return real();
        name = called;
        return fails_with(EIO);
      });
      const what = `call ${failing}, ${name}: ${result}`;
      // Its own first try is the first call, and its last try the last one; those are not the move's.
      const written = failing === 0 || failing === count - 1 ? "EIO" : result;
      assertEquals(result, written, what);
      assertEquals(contents(pool), [result === "ok" ? TEXT + MORE : TEXT], what);
      assertEquals(pool.tree().filter((entry) => entry.includes("/.f_")), [], what);
      for (const handle of handles) {
        const text = pool.send(wire.read(pool.next(), node, handle, 0, 65536)).text;
        assertEquals(text, contents(pool)[0], what);
      }
      const place = result === "ok" || failing === count - 1 ? pool.on(1, "d/e/f") : pool.on(0, "d/e/f");
      assertEquals(new Set(pool.open_descriptors().map(path_of)), new Set([place]), what);
      assert(["ok", "ENOSPC", "EIO"].includes(result), what);
    });
  }
});

const COPY_CALLS = ["fchmod", "fchown", "futimens", "copy_file_range"] as const;

in_both_forms("the copy is on disk, with name and directories, before the file loses its own name", (form) => {
  with_pool({ branches: ["", ""] }, (pool) => {
    const steps: string[] = [];
    const stand_ins: Partial<Record<CallName, StandIn>> = {};
    for (const name of ["fsync", ...COPY_CALLS] as const) {
      stand_ins[name] = (real, values) => {
        steps.push(`${name} ${path_of(values[name === "copy_file_range" ? 2 : 0])}`);
        return real();
      };
    }
    for (const name of ["renameat2", "linkat", "unlinkat"] as const) {
      stand_ins[name] = (real, values) => {
        const [directory, path] = name === "unlinkat" ? [values[0], values[1]] : [values[2], values[3]];
        steps.push(`${name} ${path_of(directory)}/${new TextDecoder().decode(path as Uint8Array).split("\0")[0]}`);
        return real();
      };
    }
    with_stand_ins(stand_ins, () => assertEquals(append(pool, (real) => real()).result, "ok"));
    const shown = steps.map((step) => {
      return step.replaceAll(pool.directory, "").replace(/\.f_\w{6}|#\d+ \(deleted\)/, "COPY");
    });
    const named = shown.indexOf(form.steps[0]!);
    assertEquals(shown.slice(named), form.steps);
    const made = shown.lastIndexOf("fsync /b1/d/e/COPY", named);
    for (const name of COPY_CALLS) {
      const last = shown.lastIndexOf(`${name} /b1/d/e/COPY`);
      assert(last >= 0 && last < made, `${name}: ${shown}`);
    }
  });
});
