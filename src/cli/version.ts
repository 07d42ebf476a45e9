// The version of the program; deno.json says the same, and a test compares.

export const VERSION = "0.1.0";
