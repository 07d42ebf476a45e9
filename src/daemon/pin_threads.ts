// Which CPUs each worker runs on (option pin-threads, operations §24). All workers are readers (departures D21), so of
// each strategy only what it says about readers is left.
import { log } from "../base/log.ts";
import { suggestion } from "../base/suggest.ts";

const STRATEGIES = ["R1L", "R1P", "RP1L", "RP1P", "R1LP1L", "R1PP1P", "RPSL", "RPSP", "R1PPSP"];
const CPU_DIRECTORY = "/sys/devices/system/cpu";

/** CPU numbers of one core, ascending. */
export type Core = readonly number[];

/** Tells each worker, by its index, the CPUs it may run on; undefined when it may run on all. */
export function worker_cpus(strategy: string): ((worker: number) => readonly number[]) | undefined {
  if (strategy === "" || strategy === "false") return undefined;
  if (!STRATEGIES.includes(strategy)) {
    const hint = suggestion(strategy, STRATEGIES, `use one of ${STRATEGIES.join(", ")}`);
    log("warning", `Unknown value "${strategy}" for "pin-threads" is ignored; ${hint}`);
    return undefined;
  }
  const cores = read_cores();
  return (worker) => cpus_for(strategy, cores, worker);
}

/** The CPUs of one worker. `cores` are all that the process may use, in the order of their numbers. */
export function cpus_for(strategy: string, cores: readonly Core[], worker: number): readonly number[] {
  const cpus = cores.flat().sort((a, b) => a - b);
  switch (strategy) {
    case "RPSL":
      return [cpus[cpus.length - 1 - worker % cpus.length]!];
    case "RPSP":
      return cores[worker % cores.length]!;
    case "RP1P":
      return cores[0]!.slice(0, 1);
    case "R1P":
    case "R1PP1P":
    case "R1PPSP":
      return cores[0]!;
    default:
      return cpus.slice(0, 1);
  }
}

/** The CPUs that this process may use, by core. A CPU whose core is not told is a core of its own. */
function read_cores(): Core[] {
  const status = Deno.readTextFileSync("/proc/self/status");
  const cores = new Map<number, number[]>();
  for (const cpu of parse_cpu_list(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)![1]!)) {
    const core = core_of(cpu);
    cores.set(core, [...cores.get(core) ?? [], cpu]);
  }
  return [...cores.keys()].sort((a, b) => a - b).map((core) => cores.get(core)!);
}

function core_of(cpu: number): number {
  try {
    return Number(Deno.readTextFileSync(`${CPU_DIRECTORY}/cpu${cpu}/topology/core_id`));
  } catch {
    return cpu;
  }
}

/** The numbers of a list like "0-3,8", as /proc and /sys print it. */
export function parse_cpu_list(text: string): number[] {
  return text.split(",").flatMap(function numbers(range) {
    const [first, last] = range.split("-").map(Number);
    return Array.from({ length: (last ?? first!) - first! + 1 }, (_, at) => first! + at);
  });
}
