// SIGHUP: the config file is read again, by a thread of its own (worker/reload_entry.ts).
import { log } from "../base/log.ts";
import { Arena } from "../state/arena.ts";
import { start_thread } from "./start_thread.ts";
import { ReloadEvent, ReloadStart } from "../worker/messages.ts";

const ENTRY = new URL("../worker/reload_entry.ts", import.meta.url);

/** One reading at a time; signals that come meanwhile are answered by one more. */
export class Reloader {
  private state: "idle" | "reading" | "again" = "idle";

  constructor(private readonly arena: Arena) {}

  /** Starts a reading, or marks that one more is wanted. */
  request(): void {
    if (this.state !== "idle") {
      this.state = "again";
      return;
    }
    const worker = start_thread(this.arena, ENTRY, "reload");
    if (typeof worker === "string") return log("error", `The config file could not be read again: ${worker}`);
    this.state = "reading";
    worker.onmessage = (event: MessageEvent<ReloadEvent>) => {
      if (event.data.kind === "log") log(event.data.level, event.data.message);
      else this.finish(worker);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      log("error", `The config file could not be read again: ${event.message}`);
      this.finish(worker);
    };
    const start: ReloadStart = { arena: this.arena.address() };
    worker.postMessage(start);
  }

  private finish(worker: Worker): void {
    worker.terminate();
    const wants_more = this.state === "again";
    this.state = "idle";
    if (wants_more) this.request();
  }
}
