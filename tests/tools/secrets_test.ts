// Passwords that stand in mount options and URLs do not get into a report; everything else does.

import { assertEquals } from "@std/assert";
import { without_secrets } from "../../src/tools/secrets.ts";

Deno.test("passwords and the places of passwords are hidden, whatever the option is called", () => {
  const cases: [text: string, expected: string][] = [
    ["//nas/x /mnt cifs user=joe,password=a=b%c,ro 0 0", "//nas/x /mnt cifs user=joe,password=***,ro 0 0"],
    ["cifs credentials=/root/.smb,uid=5", "cifs credentials=***,uid=5"],
    ["cifs cred=/root/.smb\tx", "cifs cred=***\tx"],
    ['cifs Password="a,b c",ro', "cifs Password=***,ro"],
    ["username=NAS/joe%geheim,ro", "username=NAS/joe%***,ro"],
    ["# curlftpfs#x /m fuse user=joe:geheim 0 0", "# curlftpfs#x /m fuse user=joe:*** 0 0"],
    ["ceph name=admin,secret=AQBx==,secretfile=/etc/s", "ceph name=admin,secret=***,secretfile=***"],
    [
      "passwd_file=/etc/p,passphrase=x,password2=y,pass=z,pw=v",
      "passwd_file=***,passphrase=***,password2=***,pass=***,pw=***",
    ],
    ["rclone token={x},api_key=1,apikey=2", "rclone token=***,api_key=***,apikey=***"],
    ["https://joe:geheim@nas/x davfs", "https://joe:***@nas/x davfs"],
  ];
  for (const [text, expected] of cases) assertEquals(without_secrets(text), expected);
});

Deno.test("options of pools and disks stay as they are", () => {
  const text = "passthrough.io=auto\nkernel-permissions-check=true\nuser_id=0,user=joe,x-systemd.requires=/mnt\n" +
    "http://nas:8080/x@y UUID=12-34 /mnt/a:/mnt/b=RO cache.files=off\n";
  assertEquals(without_secrets(text), text);
});
