// A reader: a thread beside the workers that reads directories for them (func.readdir=cosr and cor). Started by the daemon
// by URL, gets one message, then takes jobs from the arena until there are to be fewer readers.
import { do_job } from "../ops/common/store_directory.ts";
import { Arena } from "../state/arena.ts";
import { ReadJobs } from "../state/read_jobs.ts";
import { has_kept_capabilities, keep_capabilities } from "../sys/identity.ts";
import { ReaderEvent, ReaderStart } from "./messages.ts";

const port = self as unknown as {
  postMessage(event: ReaderEvent): void;
  onmessage: ((event: MessageEvent<ReaderStart>) => void) | null;
};

port.onmessage = function start({ data: { arena, index } }) {
  // Capabilities are inherited from the main thread; without them directories of users would stay closed.
  if (!has_kept_capabilities()) keep_capabilities();
  const jobs = new ReadJobs(Arena.attach(arena));
  jobs.join();
  port.postMessage({ kind: "reading", index });
  for (let job = jobs.take(index); job >= 0; job = jobs.take(index)) read(jobs, job, index);
  jobs.leave();
  port.postMessage({ kind: "ended", index });
};

// A bug costs one job, which the request then does by itself.
function read(jobs: ReadJobs, job: number, index: number): void {
  try {
    do_job(jobs, job, index);
  } catch (error) {
    const message = `Bug in a reader of directories: ${
      error instanceof Error ? error.stack?.replace(/\n\s*/g, " ") : error
    }`;
    port.postMessage({ kind: "log", level: "error", message });
  }
}
