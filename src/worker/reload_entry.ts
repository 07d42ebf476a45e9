// A thread that reads the config file again and ends: the file and the branches it names may lie on a disk that sleeps, and
// the main thread must not wait for one.
import type { LogLevel } from "../base/log.ts";
import { Configuration } from "../config/configuration.ts";
import { system_environment } from "../config/environment.ts";
import { error_text } from "../config/errors.ts";
import { type Reload, reload } from "../config/reload.ts";
import { redirect_trace } from "../ops/runtime_interface.ts";
import { Arena } from "../state/arena.ts";
import { ConfigCell } from "../state/config_cell.ts";
import { TraceCell } from "../state/trace_cell.ts";
import { page_bytes } from "../sys/memory.ts";
import type { ReloadEvent, ReloadStart } from "./messages.ts";

const port = self as unknown as {
  postMessage(event: ReloadEvent): void;
  onmessage: ((event: MessageEvent<ReloadStart>) => void) | null;
};

port.onmessage = function start(event) {
  const arena = Arena.attach(event.data.arena);
  const cell = new ConfigCell(arena);
  read_again(cell);
  // Also without a config file: whoever has renamed the trace's file wants a new one.
  redirect_trace(new TraceCell(arena), cell, log);
  port.postMessage({ kind: "done" });
};

function log(level: LogLevel, message: string): void {
  port.postMessage({ kind: "log", level, message });
}

function read_again(cell: ConfigCell): void {
  let path = "";
  let outcome: Reload | undefined;
  cell.edit(function change(text) {
    const environment = system_environment(log, page_bytes());
    const configuration = Configuration.parse(text, environment);
    path = configuration.get("config")!;
    if (path === "") return undefined;
    outcome = reload(configuration, environment);
    return outcome.errors.length > 0 ? undefined : configuration.serialize();
  });
  if (outcome === undefined) log("info", 'No config file to read again; the option "config" names none');
  else tell(path, outcome);
}

function tell(path: string, { errors, applied, refused }: Reload): void {
  for (const error of errors) log("error", error_text(error));
  if (errors.length > 0) return log("error", `Nothing was changed by reading "${path}" again`);
  for (const { key, value, file, line } of applied) log("info", `${file}:${line}: ${key}=${value}`);
  for (const { key, file, line } of refused) {
    log("warning", `${file}:${line}: "${key}" cannot be changed while the pool is mounted (unmount and mount again)`);
  }
  log("info", `Read "${path}" again, changes: ${applied.length}`);
}
