// Paths as text for configuration and for people, reversible. A branch path is any bytes but NUL, a JavaScript string is
// not; so bytes that are not UTF-8 become the lone surrogates U+DC80 … U+DCFF, which no valid text contains (the same
// mapping as Python's "surrogateescape"). JSON.stringify keeps them as \udcXX escapes.

const strict_decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const ESCAPE_START = 0xdc00;

/** Text of a byte path; path_text_bytes() gives the same bytes back. */
export function path_text(bytes: Uint8Array): string {
  try {
    return strict_decoder.decode(bytes);
  } catch {
    return decode_piecewise(bytes);
  }
}

/** Bytes of a text made by path_text(), or of any other text. */
export function path_text_bytes(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= ESCAPE_START + 0x80 && code <= ESCAPE_START + 0xff) bytes.push(code - ESCAPE_START);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

function decode_piecewise(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequence_length(bytes, at);
    if (length === 0) text += String.fromCharCode(ESCAPE_START + bytes[at]!);
    else text += strict_decoder.decode(bytes.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the valid UTF-8 character that starts at `at`; 0 when none does. */
function sequence_length(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (at + length > bytes.length) return 0;
  try {
    strict_decoder.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}
