// Signals (config §7.7, departures D22): three end the daemon, SIGHUP reads the config file again, the rest is caught and
// without effect.

const ENDING: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGQUIT"];
const WITHOUT_EFFECT: readonly Deno.Signal[] = ["SIGUSR1", "SIGUSR2"];
const NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

/**
 * Calls `end` with the name of a signal that ends the daemon, `reload` with each SIGHUP. A signal to end that the caller
 * ignores stays without effect; it has a listener all the same, because with the first listener for any signal the runtime
 * takes over all of them that end a process.
 */
export function catch_signals(end: (signal: string) => void, reload: () => void): void {
  const ignored = ignored_signals(Deno.readTextFileSync("/proc/self/status"));
  for (const signal of ENDING) {
    const has_effect = !ignored.has(NUMBERS[signal]!);
    Deno.addSignalListener(signal, () => has_effect && end(signal));
  }
  Deno.addSignalListener("SIGHUP", reload);
  for (const signal of WITHOUT_EFFECT) Deno.addSignalListener(signal, () => {});
}

/** The numbers of those of our signals that are ignored, from the text of /proc/PID/status. */
export function ignored_signals(status: string): Set<number> {
  const line = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status);
  const mask = BigInt(`0x${line?.[1] ?? "0"}`);
  const ignored = new Set<number>();
  for (const number of Object.values(NUMBERS)) if ((mask >> BigInt(number - 1)) & 1n) ignored.add(number);
  return ignored;
}
