// Shell patterns for one text (fnmatch(3), flags 0): "*", "?", "[...]", "\" escapes. Slashes and dots are ordinary here;
// glob.ts, which works name by name, adds its own rules.

type Token =
  | { readonly kind: "many" }
  | { readonly kind: "any" }
  | { readonly kind: "one"; readonly character: string }
  | { readonly kind: "set"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

/** The ranges behind names such as [:digit:], ASCII only, as in the C locale. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "09AZaz",
  alpha: "AZaz",
  blank: "  \t\t",
  cntrl: "\x00\x1f\x7f\x7f",
  digit: "09",
  graph: "!~",
  lower: "az",
  print: " ~",
  punct: "!/:@[`{~",
  space: "  \t\r",
  upper: "AZ",
  xdigit: "09AFaf",
};

/** True when the pattern has a character that makes it more than a name. */
export function has_magic(pattern: string): boolean {
  return /[*?[]/.test(pattern.replace(/\\[^]/g, ""));
}

/** The text with its escapes taken away: the name that a pattern without magic stands for. */
export function unescape_pattern(pattern: string): string {
  return pattern.replace(/\\([^])/g, "$1");
}

/** True when the whole text matches the pattern. */
export function fnmatch(pattern: string, text: string): boolean {
  return match_tokens(tokenise(pattern), [...text]);
}

/** Greedy, with one place to return to: the last "*"; so it takes at most length x length steps. */
function match_tokens(tokens: readonly Token[], text: readonly string[]): boolean {
  let token_at = 0, text_at = 0, star_at = -1, star_text = 0;
  while (text_at < text.length) {
    const token = tokens[token_at];
    if (token?.kind === "many") {
      star_at = token_at++;
      star_text = text_at;
    } else if (token !== undefined && matches_one(token, text[text_at]!)) {
      token_at++;
      text_at++;
    } else if (star_at >= 0) {
      token_at = star_at + 1;
      text_at = ++star_text;
    } else return false;
  }
  while (tokens[token_at]?.kind === "many") token_at++;
  return token_at === tokens.length;
}

function matches_one(token: Token, character: string): boolean {
  if (token.kind === "one") return token.character === character;
  if (token.kind !== "set") return true;
  const code = character.codePointAt(0)!;
  const inside = token.ranges.some(([low, high]) => code >= low.codePointAt(0)! && code <= high.codePointAt(0)!);
  return inside !== token.negated;
}

function tokenise(pattern: string): Token[] {
  const characters = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length;) {
    const character = characters[at]!;
    if (character === "[") {
      const set = read_set(characters, at + 1);
      tokens.push(set?.token ?? { kind: "one", character });
      at = set?.end ?? at + 1;
    } else if (character === "\\" && at + 1 < characters.length) {
      tokens.push({ kind: "one", character: characters[at + 1]! });
      at += 2;
    } else {
      tokens.push(
        character === "*" ? { kind: "many" } : character === "?" ? { kind: "any" } : { kind: "one", character },
      );
      at++;
    }
  }
  return tokens;
}

/** The set that starts behind "["; undefined when no "]" ends it, then the "[" is an ordinary character. */
function read_set(characters: readonly string[], start: number): { token: Token; end: number } | undefined {
  let at = start;
  const negated = characters[at] === "!" || characters[at] === "^";
  if (negated) at++;
  const ranges: [string, string][] = [];
  for (let first = true; at < characters.length; first = false) {
    if (characters[at] === "]" && !first) return { token: { kind: "set", negated, ranges }, end: at + 1 };
    const named = read_class(characters, at);
    if (named !== undefined) {
      for (let i = 0; i < named.ranges.length; i += 2) ranges.push([named.ranges[i]!, named.ranges[i + 1]!]);
      at = named.end;
      continue;
    }
    const low = read_member(characters, at);
    at = low.end;
    let high = low.character;
    if (characters[at] === "-" && at + 1 < characters.length && characters[at + 1] !== "]") {
      const member = read_member(characters, at + 1);
      high = member.character;
      at = member.end;
    }
    ranges.push([low.character, high]);
  }
  return undefined;
}

function read_member(characters: readonly string[], at: number): { character: string; end: number } {
  if (characters[at] === "\\" && at + 1 < characters.length) return { character: characters[at + 1]!, end: at + 2 };
  return { character: characters[at]!, end: at + 1 };
}

function read_class(characters: readonly string[], at: number): { ranges: string; end: number } | undefined {
  if (characters[at] !== "[" || characters[at + 1] !== ":") return undefined;
  const match = /^\[:([a-z]+):\]/.exec(characters.slice(at, at + 12).join(""));
  const ranges = match === null ? undefined : CLASSES[match[1]!];
  return ranges === undefined ? undefined : { ranges, end: at + match![0].length };
}
