import type { Statement } from "#sql/statement.ts";
import { backendMessages, statementText } from "./protocol.ts";
import { rewritten } from "./rewritten.ts";

const MENTIONS = ["authorization", "AUTHORIZATION", "Authorization"];
const CHANGES = /\bset\s+(?:(?:session|local)\s+)?session\s+authorization\s+(?!default\b)|\bsession_authorization\b/i;
/** Who a session of the engine begins as. */
const USER = "postgres";

/**
 * On a server, RESET SESSION AUTHORIZATION leads back to the user who connected. Nobody connects to the engine, so that PostgreSQL has
 * nobody to lead back to and changes nothing (variable.c, assign_session_authorization). Here it names the user.
 */
export class SessionUser {
  /** Before that nothing has to be led back. */
  #mayDiffer = false;

  /** @param messages whole messages of a client */
  leadBack(messages: Buffer): Buffer {
    if (messages[0] === 0 || !MENTIONS.some((word) => messages.includes(word))) return messages;
    const all = backendMessages(messages);
    this.#mayDiffer ||= all.some((bytes) => {
      const type = String.fromCharCode(bytes[0]!);
      return (type === "Q" || type === "P") && CHANGES.test(statementText({ type, bytes }));
    });
    if (!this.#mayDiffer) return messages;
    const session = all.map((one) => rewritten(one, leadsBack, `SET SESSION AUTHORIZATION ${USER}`));
    return Buffer.concat(
      session.map((one) => rewritten(one, leadsBackLocally, `SET LOCAL SESSION AUTHORIZATION ${USER}`)),
    );
  }
}

/** `RESET SESSION AUTHORIZATION`, `SET SESSION AUTHORIZATION DEFAULT`, or the same by the name of the setting. */
function leadsBack({ words }: Statement): boolean {
  if (words[0] === "RESET") return isAuthorization(words.slice(1));
  return (
    words[0] === "SET" && isDefault(words[1] === "SESSION" && words[2] === "SESSION" ? words.slice(2) : words.slice(1))
  );
}

function leadsBackLocally({ words }: Statement): boolean {
  return words[0] === "SET" && words[1] === "LOCAL" && isDefault(words.slice(2));
}

function isAuthorization(words: readonly string[]): boolean {
  return words[0] === "SESSION_AUTHORIZATION" || (words[0] === "SESSION" && words[1] === "AUTHORIZATION");
}

function isDefault(words: readonly string[]): boolean {
  return isAuthorization(words) && words.at(-1) === "DEFAULT";
}
