// git works inside the pool: it maps files, links and renames them, locks by O_EXCL, and checks its own data.

import { assertEquals, assertMatch } from "@std/assert";
import { on_pool_and_native } from "../support/mount.ts";
import { must, shell } from "../support/run.ts";
import { tree_lines } from "../support/tree.ts";

const ENVIRONMENT = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.org",
  GIT_COMMITTER_NAME: "c",
  GIT_COMMITTER_EMAIL: "c@example.org",
  GIT_AUTHOR_DATE: "2024-01-02T03:04:05Z",
  GIT_COMMITTER_DATE: "2024-01-02T03:04:05Z",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

const SCRIPT = `
cd "$1"
git init -q -b main source
cd source
for folder in {1..20}; do
  mkdir "folder$folder"
  for file in {1..15}; do echo "$folder $file" > "folder$folder/file$file"; done
done
ln -s folder1/file1 link
chmod +x folder2/file2
git add .
git commit -q -m first
git mv folder3 folder3_moved
git rm -q -r folder4
echo more >> folder5/file5
git commit -q -a -m second
git checkout -q -b side HEAD~1
echo side > folder6/file6
git commit -q -a -m third
git merge -q -m merged main
git gc -q --prune=now
git fsck --full --strict
cd ..
git clone -q --no-hardlinks source clone
git clone -q source linked_clone
git -C clone fsck --full
git -C clone status --porcelain
git -C clone rev-parse HEAD HEAD^{tree}
`;

Deno.test("git init, add, commit, merge, gc, fsck and clone do on the pool what they do natively", async () => {
  const { pool, native } = await on_pool_and_native({}, async (directory) => {
    const output = await shell(SCRIPT, [directory], { env: ENVIRONMENT });
    await must("git", ["-C", `${directory}/linked_clone`, "fsck", "--full"], { env: ENVIRONMENT });
    await shell('find "$1" -name .git -prune -exec rm -r {} +; find "$1" -exec touch -hd @0 {} +', [directory]);
    return { output, tree: await tree_lines(directory) };
  });
  assertMatch(native.output, /^[0-9a-f]{40}$/m);
  assertEquals(pool, native);
});
