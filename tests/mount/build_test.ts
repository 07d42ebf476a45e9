// A small C program is built with make inside the pool: the compiler maps, the archiver rewrites, make trusts mtimes.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { on_pool_and_native } from "../support/mount.ts";
import { must, shell } from "../support/run.ts";

const SOURCES = `
cd "$1"
mkdir include library program
cat > include/sum.h <<'END'
int sum_up_to(int number);
int square(int number);
END
cat > library/sum.c <<'END'
#include "sum.h"
int sum_up_to(int number) { int sum = 0; for (int at = 1; at <= number; at++) sum += square(at); return sum; }
END
cat > library/square.c <<'END'
#include "sum.h"
int square(int number) { return number * number; }
END
cat > program/main.c <<'END'
#include <stdio.h>
#include "sum.h"
int main(void) { printf("%d\\n", sum_up_to(10)); return 0; }
END
cat > Makefile <<'END'
CFLAGS = -O1 -g -Iinclude -MMD
OBJECTS = library/sum.o library/square.o
main: program/main.o libsum.a
	$(CC) -o $@ program/main.o -L. -lsum
libsum.a: $(OBJECTS)
	rm -f $@
	ar rcs $@ $^
-include $(wildcard */*.d)
END
`;

Deno.test("make builds, finds nothing to do, and builds again what a header changed", async () => {
  const { pool, native } = await on_pool_and_native({}, async (directory) => {
    await shell(SOURCES, [directory]);
    const first = await must("make", ["-j2", "--no-print-directory"], { cwd: directory });
    const answer = await must(`${directory}/main`, []);
    const second = await must("make", ["--no-print-directory"], { cwd: directory });
    await shell('echo "int cube(int number);" >> "$1/include/sum.h"', [directory]);
    const third = await must("make", ["--no-print-directory"], { cwd: directory });
    const again = await must(`${directory}/main`, []);
    return { first: first.split("\n").sort(), answer, second, third, again };
  });
  assertEquals(native.answer, "385\n");
  assertStringIncludes(native.second, "up to date");
  assertEquals(pool, native);
});
