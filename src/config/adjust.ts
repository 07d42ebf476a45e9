// What is adjusted after all options were read and before the pool is mounted (config spec §1.8, §1.9, departures D16).

import { compute_fsname } from "../branches/fsname.ts";
import type { Configuration } from "./configuration.ts";

/** Changes the configuration; returns what people should be told, one sentence each. */
export function adjust_after_parsing(configuration: Configuration): string[] {
  const warnings = [...adjust_older_cache_words(configuration), ...adjust_for_passthrough(configuration)];
  warnings.push(...look_at_writeback(configuration));
  if (configuration.get("symlinkify") === "false") configuration.force("symlinkify-timeout", "-1");
  if (configuration.get("fsname") === "") {
    configuration.force("fsname", compute_fsname(configuration.branches.map((branch) => branch.text)));
  }
  // The kernel refuses connections that ask for id mapping without its own permission checks (config spec §10.1 item 4).
  if (configuration.get("kernel-permissions-check") === "false") configuration.force("allow-idmap", "false");
  return warnings;
}

/** cache.files=libfuse meant: whatever the options of libfuse said. */
function adjust_older_cache_words(configuration: Configuration): string[] {
  const words = configuration.legacy_cache_words;
  if (!words.has("libfuse")) return [];
  const meaning = words.has("direct-io")
    ? "off"
    : words.has("kernel-cache")
    ? "full"
    : words.has("auto-cache")
    ? "auto-full"
    : "partial";
  configuration.force("cache.files", meaning);
  return [`"cache.files=libfuse" is an older spelling and taken as "cache.files=${meaning}"; write that instead.`];
}

// The kernel then has no pages to collect writes in, and yet believes no modification time of a file but its own.
function look_at_writeback(configuration: Configuration): string[] {
  if (configuration.get("cache.writeback") !== "true" || configuration.get("cache.files") !== "off") return [];
  return [
    `"cache.writeback=true" collects no writes with "cache.files=off", and written files may show an old modification ` +
    `time; say "cache.files=partial", or leave "cache.writeback" out.`,
  ];
}

function adjust_for_passthrough(configuration: Configuration): string[] {
  const passthrough = configuration.get("passthrough.io")!;
  if (passthrough === "off" || passthrough === "auto") return [];
  const warnings: string[] = [];
  if (configuration.get("cache.files") === "off") {
    configuration.force("cache.files", "auto-full");
    warnings.push(`"cache.files=off" becomes "cache.files=auto-full" because of "passthrough.io=${passthrough}".`);
  }
  if (configuration.get("cache.writeback") === "true") {
    configuration.force("cache.writeback", "false");
    warnings.push(`"cache.writeback=true" becomes "false" because of "passthrough.io=${passthrough}".`);
  }
  if (configuration.get("moveonenospc") !== "false") {
    warnings.push(`"moveonenospc" has no effect on files that are passed through ("passthrough.io=${passthrough}").`);
  }
  return warnings;
}
