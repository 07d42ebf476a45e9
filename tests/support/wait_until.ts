// The only place where a mount test waits by looking again. Everything else waits for an answer, an exit or a trace line.

const LOOK_AGAIN_MS = 5;
/** Far more than anything takes on a machine that works; reached only when something is broken. */
export const DEADLINE_MS = 30_000;

/** Resolves when `is_true` says so; fails with `what` in the message when the deadline passes first. */
export async function wait_until(
  what: string,
  is_true: () => boolean | Promise<boolean>,
  deadline_ms: number = DEADLINE_MS,
): Promise<void> {
  const end_ms = performance.now() + deadline_ms;
  while (!(await is_true())) {
    if (performance.now() > end_ms) throw new Error(`Waited ${deadline_ms} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** The value of the promise; fails with `what` in the message when the deadline passes first. */
export async function within<T>(what: string, deadline_ms: number, promise: Promise<T>): Promise<T> {
  let timer: number | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${deadline_ms} ms`)), deadline_ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
