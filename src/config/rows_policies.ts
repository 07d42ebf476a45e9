// Options that choose policies: per category, per function (config spec §5).

import type { Category } from "../policies/registry.ts";
import { BOOL, POLICY, READDIR } from "./kinds.ts";
import type { Option, OptionSection } from "./option.ts";

/** The default policy of each category. */
export const CATEGORY_DEFAULTS: Readonly<Record<Category, string>> = { action: "epall", create: "pfrd", search: "ff" };

function category(name: Category, help: string): Option {
  return { name: `category.${name}`, kind: POLICY, default_text: CATEGORY_DEFAULTS[name], change: "live", help };
}

function func(name: string, of: Category, help: string): Option {
  const default_text = CATEGORY_DEFAULTS[of];
  return { name: `func.${name}`, kind: POLICY, default_text, change: "live", help, category: of };
}

export const POLICY_OPTIONS: OptionSection = {
  title: "Policies",
  rows: [
    category("action", "Policy of all functions that change what exists"),
    category("create", "Policy of all functions that create"),
    category("search", "Policy of all functions that look up and read"),
    func("access", "search", "Which branch answers access checks"),
    func("chmod", "action", "Branches where permissions are changed"),
    func("chown", "action", "Branches where the owner is changed"),
    func("create", "create", "Branch that gets a new file"),
    func("getattr", "search", "Branch whose attributes are shown"),
    func("getxattr", "search", "Branch whose extended attributes are read"),
    func("link", "action", "Branches where a hard link is made"),
    func("listxattr", "search", "Branches whose extended attributes are listed"),
    func("mkdir", "create", "Branches that get a new directory"),
    func("mknod", "create", "Branches that get a new device, socket or pipe"),
    func("open", "search", "Branch whose file is opened"),
    {
      name: "func.readdir",
      kind: READDIR,
      default_text: "seq",
      change: "live",
      help:
        "How directories are read: one branch after the other (seq), at once and merged in order (cosr), merged as they come (cor)",
    },
    func("readlink", "search", "Branch whose symlink is read"),
    func("removexattr", "action", "Branches where an extended attribute is removed"),
    func("rename", "action", "Branches where an object is renamed"),
    func("rmdir", "action", "Branches where a directory is removed"),
    func("setxattr", "action", "Branches where an extended attribute is set"),
    func("symlink", "create", "Branches that get a new symlink"),
    func("truncate", "action", "Branches where a file's size is changed"),
    func("unlink", "action", "Branches where a file is removed"),
    func("utimens", "action", "Branches where times are changed"),
    {
      name: "ignorepponrename",
      kind: BOOL,
      default_text: "false",
      change: "live",
      help: "Rename and link may create directories on other branches even if func.create preserves paths",
    },
  ],
};
