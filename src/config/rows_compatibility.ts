// Keys that old configurations contain: accepted, never listed (config spec §1.12.1, §1.12.2, departures D16).

import { DUMMY, INT, PATH, REMEMBER, SIGNED, TEXT } from "./kinds.ts";
import type { Kind } from "./kinds.ts";
import type { Change, Option, OptionSection } from "./option.ts";

function dummy(name: string): Option {
  return { name, kind: DUMMY, default_text: "", change: "live", help: "Accepted, without effect", is_hidden: true };
}

function alias(name: string, alias_of: string, kind: Kind, change: Change): Option {
  return { name, kind, default_text: "", change, help: `Other name of ${alias_of}`, is_hidden: true, alias_of };
}

function attribute_override(name: string, help: string): Option {
  return { name, kind: SIGNED, default_text: "-1", change: "live", help, is_hidden: true };
}

export const COMPATIBILITY: OptionSection = {
  title: "Older words",
  rows: [
    ...[
      "atomic-o-trunc",
      "auto-cache",
      "big-writes",
      "cache.open",
      "defaults",
      "direct-io",
      "gid-cache.expire-timeout",
      "gid-cache.remove-timeout",
      "hard-remove",
      "kernel-cache",
      "log.metrics",
      "negative-entry",
      "no-splice-move",
      "no-splice-read",
      "no-splice-write",
      "nonempty",
      "splice-move",
      "splice-read",
      "splice-write",
      "use-ino",
    ].map(dummy),
    attribute_override("gid", "Group shown for every object; -1 is off"),
    alias("mount", "mountpoint", PATH, "start"),
    alias("noforget", "never-forget-nodes", REMEMBER, "start"),
    alias("remember", "never-forget-nodes", REMEMBER, "start"),
    alias("remember-nodes", "never-forget-nodes", REMEMBER, "start"),
    {
      name: "srcmounts",
      kind: TEXT,
      default_text: "",
      change: "start",
      help: "Reads as the branch paths; setting it has no effect",
      is_hidden: true,
    },
    alias("threads", "read-thread-count", INT, "live"),
    attribute_override("uid", "Owner shown for every object; -1 is off"),
    attribute_override("umask", "Every object shows the permission bits 0777 without these, in decimal; -1 is off"),
  ],
};
