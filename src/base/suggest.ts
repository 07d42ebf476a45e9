// "Did you mean …": the known word nearest to what was written.

/** The nearest of the words, undefined when none is near; the first of equals. */
export function nearest_word(written: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  let best_distance = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const word of words) {
    const distance = edit_distance(written, word);
    if (distance < best_distance && distance < word.length) {
      best = word;
      best_distance = distance;
    }
  }
  return best;
}

/** `did you mean "…"?`, or the fallback when no word is near. */
export function suggestion(written: string, words: Iterable<string>, fallback = ""): string {
  const word = nearest_word(written, words);
  return word === undefined ? fallback : `did you mean "${word}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function edit_distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) distance = Math.min(distance, before[j - 2]! + 1);
      row.push(distance);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}
