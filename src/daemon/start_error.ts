// A start that cannot go on: one sentence for the person at the terminal, exit code 1.

/** Thrown on the way to a mount, caught in one place. The message names the value and the remedy. */
export class StartError extends Error {}
