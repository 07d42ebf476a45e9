// A worker of tests/daemon/worker_pool_test.ts: serves nothing, and cannot start as a spare.

import { Arena } from "../../src/state/arena.ts";
import { Pool } from "../../src/state/pool.ts";
import type { WorkerStart } from "../../src/worker/messages.ts";

const port = self as unknown as Worker;

port.onmessage = function start({ data }: MessageEvent<WorkerStart>) {
  if (data.is_spare || data.session_fd < 0) throw new Error("no memory left");
  new Pool(Arena.attach(data.arena)).join(data.index);
  port.postMessage({ kind: "serving", index: data.index });
};
