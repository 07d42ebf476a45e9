// What /proc tells about threads (proc_pid_stat(5), proc_pid_status(5)).

/** A field of /proc/…/status. */
export function thread_status(directory: string, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(Deno.readTextFileSync(`${directory}/status`))![1]!;
}

/** The nice value of a thread. The name, in parentheses, may contain anything; 17 fields stand between it and the value. */
export function nice_of(directory: string): number {
  const fields = Deno.readTextFileSync(`${directory}/stat`).replace(/^.*\) /s, "").split(" ");
  return Number(fields[16]);
}

/** The directories of all threads of a process, by name. */
export function threads_of(pid: number): { readonly name: string; readonly directory: string }[] {
  const found = [];
  for (const { name: tid } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const directory = `/proc/${pid}/task/${tid}`;
    found.push({ name: Deno.readTextFileSync(`${directory}/comm`).trim(), directory });
  }
  return found;
}
