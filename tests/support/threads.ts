// Second threads for tests: a module of this folder answers calls in a Deno worker; every call has a deadline.

const DEADLINE_MS = 20_000;

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One worker, and the calls it has not answered yet. */
export class Thread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private last_id = 0;

  constructor(module: URL) {
    this.worker = new Worker(module, { type: "module" });
    this.worker.onmessage = (event: MessageEvent<Answer>) => this.settle(event.data);
    this.worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.waiting.values()) reject(new Error(event.message));
    };
  }

  /** Calls a function of the module by its name. The promise fails when there is no answer before the deadline. */
  call(name: string, ...values: unknown[]): Promise<unknown> {
    const id = ++this.last_id;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => reject(new Error(`No answer to "${name}" in ${DEADLINE_MS} ms`)), DEADLINE_MS);
    this.waiting.set(id, { resolve, reject });
    this.worker.postMessage({ id, name, values });
    return promise.finally(() => clearTimeout(timer));
  }

  end(): void {
    this.worker.terminate();
  }

  private settle(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    this.waiting.delete(answer.id);
    if (answer.error === undefined) waiting?.resolve(answer.value);
    else waiting?.reject(new Error(answer.error));
  }
}

/** Runs `use` with that many threads of a module, which end with it. */
export async function with_threads(
  module: URL,
  count: number,
  use: (...threads: Thread[]) => Promise<void>,
): Promise<void> {
  const threads = Array.from({ length: count }, () => new Thread(module));
  try {
    await use(...threads);
  } finally {
    for (const thread of threads) thread.end();
  }
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly values: unknown[];
}

interface WorkerScope {
  onmessage: (event: MessageEvent<Call>) => void;
  postMessage(answer: Answer): void;
}

/** The other side: makes the functions of a module callable. Runs in the worker. */
// deno-lint-ignore no-explicit-any
export function answer_calls(functions: Readonly<Record<string, (...values: any[]) => unknown>>): void {
  const scope = self as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    try {
      scope.postMessage({ id: data.id, value: functions[data.name]!(...data.values) });
    } catch (error) {
      scope.postMessage({ id: data.id, error: String(error) });
    }
  };
}
