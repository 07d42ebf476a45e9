// The arguments of a mount helper (config §1.11, mount(8) "External helpers"). util-linux calls
// `mount.TYPE SOURCE TARGET [-sfnv] [-N NAMESPACE] [-o OPTIONS] [-t TYPE.SUBTYPE]`, busybox puts flags in front: so any order
// is taken.
import { program_name, type StartName } from "./start_name.ts";

/** What mount(8) asks for. */
export interface HelperArguments {
  /** For messages. */
  readonly program: string;
  /** The same as arguments of a direct start. */
  readonly argv: readonly string[];
  /** The user to become, of `setuid=NAME`. */
  readonly user: string | undefined;
  /** `mount -f`: everything but the mount. */
  readonly is_fake: boolean;
  /** `mount -o remount`. */
  readonly is_remount: boolean;
}

/** Words that tell mount(8) when, and whether, to mount. */
const DROPPED = new Set(["nofail", "user", "nouser", "users", "auto", "noauto", "_netdev"]);
const REMOUNT = "remount";
const USER_KEY = "setuid=";

interface Scanned {
  readonly positionals: string[];
  readonly words: string[];
  type: string | undefined;
  is_fake: boolean;
}

/** What the arguments mean, or one line that says what is wrong with them. */
export function read_helper_arguments(name: StartName, argv: readonly string[]): HelperArguments | string {
  const scanned = scan(argv);
  if (scanned === undefined) return `${name.argv0}: missing argument to option '-t'`;
  const { positionals: [source, target], words, is_fake } = scanned;
  if (source === undefined || target === undefined) {
    return `usage: ${name.argv0} source destination [-t type] [-o opt[,opts...]]`;
  }
  const type = scanned.type?.replace(/^(?:fuse|fuseblk)\./, "");
  if (type === "") return `${name.argv0}: empty type given as argument to option '-t'`;
  const options = words.filter((word) => !DROPPED.has(word) && !word.startsWith(USER_KEY) && word !== REMOUNT);
  // Mounts of mount(8) are suid,dev unless they say otherwise; direct ones are not.
  if (!words.includes("nodev")) options.push("dev");
  if (!words.includes("nosuid")) options.push("suid");
  return {
    program: type === undefined ? name.program : program_name(type),
    argv: [source, target, "-o", options.join(",")],
    user: words.findLast((word) => word.startsWith(USER_KEY))?.slice(USER_KEY.length),
    is_fake,
    is_remount: words.includes(REMOUNT),
  };
}

/** Undefined when -t has no value. */
function scan(argv: readonly string[]): Scanned | undefined {
  const scanned: Scanned = { positionals: [], words: [], type: undefined, is_fake: false };
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at]!;
    if (argument === "-t") {
      if (++at === argv.length) return undefined;
      scanned.type = argv[at]!;
    } else if (argument === "-o") scanned.words.push(...split_words(argv[++at] ?? ""));
    else if (argument.startsWith("-o")) scanned.words.push(...split_words(argument.slice(2)));
    else if (argument === "-N") at++;
    else if (argument === "-r") scanned.words.push("ro");
    else if (/^-[fnsvw]*f[fnsvw]*$/.test(argument)) scanned.is_fake = true;
    else if (!argument.startsWith("-")) scanned.positionals.push(argument);
  }
  return scanned;
}

/**
 * The words of an option list, escapes left as they are. The reference splits at every comma; a comma that is escaped, or
 * that stands in a quoted SELinux context (as mount(8) writes them), belongs to its word, and to nothing else.
 */
function split_words(list: string): string[] {
  const unquoted = list.replace(
    /(^|,)((?:fs|def|root)?context=)"([^"]*)"/g,
    (_, before: string, key: string, context: string) => `${before}${key}"${context.replaceAll(",", "\\,")}"`,
  );
  const words = unquoted.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? [];
  // A backslash at the very end stands for itself; with a word behind it, it would not.
  return words.map((word) => /^(?:\\.|[^\\])*\\$/s.test(word) ? `${word}\\` : word);
}
