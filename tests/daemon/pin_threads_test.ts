// Every strategy of pin-threads as operations §24 has it for readers, on machines with and without two CPUs per core.

import { assertEquals } from "@std/assert";
import { type Core, cpus_for, parse_cpu_list, worker_cpus } from "../../src/daemon/pin_threads.ts";
import { log_lines } from "../support/log_lines.ts";

const PLAIN: readonly Core[] = [[0], [1], [2]];
/** As Linux numbers them: the second CPUs of all cores come after the first ones. */
const HYPERTHREADED: readonly Core[] = [[0, 2], [1, 3]];
/** A container that may use the upper half of a machine. */
const RESTRICTED: readonly Core[] = [[4], [5, 7]];

const ROWS: readonly (readonly [strategy: string, cores: readonly Core[], workers: readonly (readonly number[])[]])[] =
  [
    ["R1L", PLAIN, [[0], [0], [0], [0]]],
    ["R1L", RESTRICTED, [[4], [4]]],
    ["R1P", HYPERTHREADED, [[0, 2], [0, 2], [0, 2]]],
    ["RP1L", HYPERTHREADED, [[0], [0], [0]]],
    ["RP1P", HYPERTHREADED, [[0], [0], [0]]],
    ["RP1P", RESTRICTED, [[4], [4]]],
    ["R1LP1L", HYPERTHREADED, [[0], [0]]],
    ["R1PP1P", HYPERTHREADED, [[0, 2], [0, 2]]],
    ["RPSL", PLAIN, [[2], [1], [0], [2], [1]]],
    ["RPSL", HYPERTHREADED, [[3], [2], [1], [0], [3]]],
    ["RPSL", RESTRICTED, [[7], [5], [4], [7]]],
    ["RPSP", PLAIN, [[0], [1], [2], [0]]],
    ["RPSP", HYPERTHREADED, [[0, 2], [1, 3], [0, 2]]],
    ["RPSP", RESTRICTED, [[4], [5, 7], [4]]],
    ["R1PPSP", HYPERTHREADED, [[0, 2], [0, 2]]],
  ];

for (const [strategy, cores, workers] of ROWS) {
  Deno.test(`pin-threads=${strategy} over cores ${JSON.stringify(cores)}`, () => {
    assertEquals(workers.map((_, worker) => cpus_for(strategy, cores, worker)), workers);
  });
}

Deno.test("without a strategy nobody is bound; an unknown one is said and ignored", () => {
  const lines = log_lines(() => {
    assertEquals([worker_cpus(""), worker_cpus("false"), worker_cpus("RPSX")], [undefined, undefined, undefined]);
  });
  assertEquals(lines, ['warning: Unknown value "RPSX" for "pin-threads" is ignored; did you mean "RPSL"?']);
});

Deno.test("on this machine every strategy gives CPUs that this process may use", () => {
  const allowed = parse_cpu_list(/^Cpus_allowed_list:\s*(\S+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]!);
  for (const strategy of new Set(ROWS.map(([name]) => name))) {
    const cpus = worker_cpus(strategy)!;
    for (let worker = 0; worker < 5; worker++) {
      assertEquals(cpus(worker).filter((cpu) => !allowed.includes(cpu)), [], strategy);
      assertEquals(cpus(worker).length > 0, true);
    }
  }
});

Deno.test("lists of CPUs are read", () => {
  assertEquals(parse_cpu_list("0"), [0]);
  assertEquals(parse_cpu_list("0-3,8,10-11"), [0, 1, 2, 3, 8, 10, 11]);
});
