// What must not be in a report that is made to be published: passwords in mount options and in URLs.

const HIDDEN = "***";
/** `NAME=VALUE` where the name says that the value is a secret, or where one lies: `password=`, `credentials=`, `secretfile=`. */
const SECRET_OPTION =
  /(?<![\w-])([\w.-]*(?:pass(?!through)|pwd?|secret|token|cred|api_?key|access_?key|key_?file)[\w.-]*=)(?:"[^"\n]*"|[^\s,"]*)/gi;
/** `user=NAME%PASSWORD` of cifs and `user=NAME:PASSWORD` of curlftpfs. */
const USER_AND_PASSWORD = /(?<![\w-])(user(?:name)?=[^\s,%:]*[%:])[^\s,]*/gi;
/** `scheme://NAME:PASSWORD@host`. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s@/]+(?=@)/gi;

/** The text with every such secret replaced by asterisks. */
export function without_secrets(text: string): string {
  return text.replace(SECRET_OPTION, `$1${HIDDEN}`)
    .replace(USER_AND_PASSWORD, `$1${HIDDEN}`)
    .replace(URL_PASSWORD, `$1${HIDDEN}`);
}
