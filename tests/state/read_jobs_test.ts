// Directories that readers read for requests: who has a job, and what becomes of it (departures D9).

import { assert, assertEquals } from "@std/assert";
import { c_string, to_text } from "../../src/base/bytes.ts";
import { EACCES, EIO } from "../../src/base/errno.ts";
import { Arena } from "../../src/state/arena.ts";
import { H_READ_WAITERS, J_ERROR, J_FD, J_OPENED, READ_JOBS_MAX } from "../../src/state/layout.ts";
import { ReadJobs } from "../../src/state/read_jobs.ts";
import { F_GETFL, fcntl } from "../../src/sys/file.ts";
import { memfd_create } from "../../src/sys/memory.ts";
import { broken_invariants } from "../support/invariants.ts";
import { with_threads } from "../support/threads.ts";
import { wait_until } from "../support/wait_until.ts";

const STATE_THREAD = new URL("../support/state_thread.ts", import.meta.url);
const PATH = c_string("/mnt/disk1/media");
const READER = 3;

function with_jobs(use: (jobs: ReadJobs) => void): void {
  const arena = Arena.create();
  const jobs = new ReadJobs(arena);
  jobs.want(READER + 1);
  use(jobs);
  assertEquals(broken_invariants(arena), []);
}

function is_open(fd: number): boolean {
  return fcntl(fd, F_GETFL, 0) >= 0;
}

Deno.test("a job from the request to the reader and back", () => {
  with_jobs((jobs) => {
    const job = jobs.publish(PATH);
    assertEquals([jobs.take(READER), jobs.pending, jobs.is_done(job)], [job, 1, false]);
    assertEquals(to_text(jobs.path(job).subarray(0, PATH.length)), "/mnt/disk1/media\0");
    const seen = jobs.completions();
    jobs.finish(job, READER, -EACCES, -EIO, -1);
    assert(jobs.completions() !== seen);
    assertEquals([jobs.is_done(job), jobs.pending], [true, 0]);
    assertEquals([J_OPENED, J_ERROR, J_FD].map((word) => jobs.result(job, word)), [-EACCES, -EIO, -1]);
    jobs.end(job);
  });
});

Deno.test("what no reader has begun, the request takes back; what one has, it does not", () => {
  with_jobs((jobs) => {
    const [first, second] = [jobs.publish(PATH), jobs.publish(PATH)];
    assertEquals(jobs.take(READER), first);
    assertEquals([jobs.take_back(first), jobs.take_back(second), jobs.pending], [false, true, 1]);
    assertEquals(jobs.take_one(second, READER), false);
    jobs.give_back(first, READER);
    assertEquals([jobs.is_done(first), jobs.take_back(first), jobs.pending], [false, true, 0]);
  });
});

Deno.test("a reader that dies gives back what it has, and nothing else", () => {
  with_jobs((jobs) => {
    jobs.join();
    jobs.join();
    const [first, second] = [jobs.publish(PATH), jobs.publish(PATH)];
    assertEquals([jobs.take(READER), jobs.take(0)], [first, second]);
    jobs.lose(READER);
    assertEquals([jobs.running, jobs.take_back(first), jobs.take_back(second)], [1, true, false]);
    jobs.finish(second, 0, 0, 0, -1);
    jobs.end(second);
  });
});

Deno.test("a job that ended is free, and its result closed, whoever had it", () => {
  with_jobs((jobs) => {
    const published = Array.from({ length: 4 }, () => jobs.publish(PATH));
    const [waiting, given_back, done, taken] = published as [number, number, number, number];
    for (const job of [given_back, done, taken]) assert(jobs.take_one(job, READER));
    const [result, late] = [memfd_create(PATH), memfd_create(PATH)];
    jobs.give_back(given_back, READER);
    jobs.finish(done, READER, 0, 0, result);
    for (const job of [waiting, given_back, done, taken]) jobs.end(job);
    assertEquals([is_open(result), jobs.pending], [false, 1]);
    jobs.finish(taken, READER, 0, 0, late);
    assertEquals(is_open(late), false);
  });
});

Deno.test("there is no job more than there is room for", () => {
  with_jobs((jobs) => {
    const published = Array.from({ length: READ_JOBS_MAX }, () => jobs.publish(PATH));
    assertEquals([new Set(published).size, jobs.publish(PATH)], [READ_JOBS_MAX, -1]);
    for (const job of published) assert(jobs.take_back(job));
  });
});

Deno.test("another number of readers is news once; those beyond it end", async () => {
  const arena = Arena.create();
  const jobs = new ReadJobs(arena);
  assertEquals([jobs.want(0), jobs.want(2), jobs.want(2), jobs.wanted], [false, true, false, 2]);
  await with_threads(STATE_THREAD, 2, async (...threads) => {
    for (const [reader, thread] of threads.entries()) await thread.call("attach", arena.address(), reader, 1000);
    const [first, second] = threads.map((thread, reader) => thread.call("take_job", reader));
    assertEquals(jobs.want(1), true);
    assertEquals(await second, -1);
    const job = jobs.publish(PATH);
    jobs.wake_readers(1);
    assertEquals(await first, job);
  });
});

Deno.test("a request that waits is woken by the end of a job", async () => {
  const arena = Arena.create();
  const jobs = new ReadJobs(arena);
  const job = jobs.publish(PATH);
  jobs.take_one(job, READER);
  await with_threads(STATE_THREAD, 1, async (thread) => {
    await thread.call("attach", arena.address(), 1, 1000);
    const woken = thread.call("wait_for_job");
    await wait_until("it waits", () => arena.header[H_READ_WAITERS] === 1);
    jobs.finish(job, READER, 0, 0, -1);
    await woken;
  });
});
