// mergerfs-ts: a union filesystem daemon. Everything begins in cli/run.ts.
import { run } from "./cli/run.ts";

Deno.exit(await run(Deno.args));
