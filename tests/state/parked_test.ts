// Requests that wait for a data lock without a worker: who may wait so, in which order they come back, and to whom.

import { assertEquals } from "@std/assert";
import { H_PARKED_BYTES, H_PARKED_COUNT, PARKED_MAX } from "../../src/state/layout.ts";
import { PARKED_BYTES_MAX, ParkedRequests } from "../../src/state/parked.ts";
import { close, write } from "../../src/sys/file.ts";
import { broken_invariants } from "../support/invariants.ts";
import { end_messages, read_messages, socket_pair } from "../support/socket_pair.ts";
import { type StandIn, with_stand_ins } from "../support/system_calls.ts";
import { Table } from "../support/table.ts";

const MESSAGE_BYTES = 16;

interface Parking {
  readonly parked: ParkedRequests;
  /** Has the lock of `file` alone. */
  readonly mover: Table;
  readonly other: Table;
  readonly file: number;
  /** Parks a message that begins with `number`. */
  park(slot: number, number: number): boolean;
  /** The numbers of all messages that come back. */
  take_all(slot: number): number[];
}

function with_parking(use: (parking: Parking) => void): void {
  const mover = Table.create();
  const other = new Table(mover.arena, 1);
  const file = mover.remember_path("a/file");
  const parked = new ParkedRequests(mover.nodes, mover.data_locks);
  const [kernel, device] = socket_pair();
  const before = open_descriptors();
  mover.data_locks.take_alone(file, false);
  use({
    parked,
    mover,
    other,
    file,
    park: (slot, number) => parked.park(slot, new Uint8Array(MESSAGE_BYTES).fill(number), MESSAGE_BYTES, device),
    take_all(slot) {
      const numbers: number[] = [];
      const into = new Uint8Array(64);
      while (parked.take(slot, into) === MESSAGE_BYTES) {
        assertEquals(into.subarray(0, MESSAGE_BYTES).every((byte) => byte === into[0]), true);
        numbers.push(into[0]!);
        write(parked.device, into, MESSAGE_BYTES);
        close(parked.device);
      }
      end_messages(device);
      assertEquals(read_messages(kernel).map(([number]) => number), numbers);
      return numbers;
    },
  });
  assertEquals(open_descriptors(), before);
  assertEquals(broken_invariants(mover.arena), []);
  close(device);
  close(kernel);
}

function open_descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("what is parked comes back in its order, to the descriptor it was read from; other nodes' requests stay", () => {
  with_parking(({ mover, other, file, park, take_all, parked }) => {
    const second = mover.remember_path("a/second");
    other.data_locks.take_alone(second, false);
    assertEquals([[1, file], [7, second], [2, file], [3, file]].map(([number, slot]) => park(slot!, number!)), [
      true,
      true,
      true,
      true,
    ]);
    mover.data_locks.release();
    assertEquals(mover.data_locks.freed, file);
    assertEquals(take_all(file), [1, 2, 3]);
    other.data_locks.release();
    const into = new Uint8Array(64);
    assertEquals([parked.take(second, into), into[0]], [MESSAGE_BYTES, 7]);
    close(parked.device);
  });
});

Deno.test("nothing is parked for a lock that is free, shared, or full up", () => {
  with_parking(({ mover, other, file, park, take_all }) => {
    const { header } = mover.arena;
    header[H_PARKED_BYTES]! = PARKED_BYTES_MAX - MESSAGE_BYTES + 1;
    assertEquals(park(file, 1), false);
    header[H_PARKED_BYTES]! -= 1;
    assertEquals(park(file, 2), true);
    header[H_PARKED_BYTES]! = MESSAGE_BYTES;
    header[H_PARKED_COUNT]! += PARKED_MAX - 1;
    assertEquals(park(file, 3), false);
    header[H_PARKED_COUNT]! = 1;
    const getrlimit: StandIn = (_real, values) => {
      (values[1] as BigUint64Array).fill(16n); // one request, which there is already
      return 0;
    };
    with_stand_ins({ getrlimit }, () => assertEquals(park(file, 6), false));
    mover.data_locks.release();
    assertEquals(park(file, 4), false);
    other.data_locks.share(file);
    assertEquals(park(file, 5), false);
    other.data_locks.release();
    assertEquals(take_all(file), [2]);
  });
});

Deno.test("what is parked falls to whoever has the lock next", () => {
  with_parking(({ mover, other, file, park, parked, take_all }) => {
    park(file, 1);
    mover.data_locks.release();
    other.data_locks.take_alone(file, false);
    assertEquals(parked.take(file, new Uint8Array(64)), 0);
    assertEquals(park(file, 2), true);
    other.data_locks.release();
    assertEquals([other.data_locks.freed, take_all(file)], [file, [1, 2]]);
  });
});

Deno.test("a lock that somebody has alone is refused at once where requests are given back, else waited for", () => {
  with_parking(({ other, file, mover }) => {
    const { data_locks } = other;
    data_locks.gives_back = true;
    assertEquals([data_locks.share(file), data_locks.refused], [false, file]);
    data_locks.refused = 0;
    assertEquals([data_locks.take_alone(file, true), data_locks.refused, data_locks.waits], [false, file, 0]);
    const handle = mover.handles.add_file(file, 9, 1, 0, 0, false);
    assertEquals([other.handles.release_file(handle, true), mover.handles.handles_of(file)], [false, [handle]]);
    mover.data_locks.release();
    assertEquals([data_locks.share(file), data_locks.take_alone(file, true)], [true, true]);
    data_locks.release();
    assertEquals(other.handles.release_file(handle, true), true);
  });
});
