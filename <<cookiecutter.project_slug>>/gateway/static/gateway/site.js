import { parse, readRefusal, retryAfter } from "./protocol.js";

const FETCH_TIMEOUT = 15_000;

/** Django's CSRF token: the cookie first, since a page may be older than the login. */
export function csrfToken(name = "csrftoken") {
  const cookie = globalThis.document?.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return cookie?.slice(name.length + 1) ?? globalThis.document?.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/**
 * Asks Django over HTTP: `{ body }` when it says yes, else `{ refusal }`. Never throws and never hangs.
 *
 * By POST, although checking changes nothing: a same-origin GET carries no Origin, and that is one of the things checked.
 */
export async function ask(address, { fetch, csrf, clock }) {
  const abort = new AbortController();
  let timer;
  const late = new Promise((_, reject) => {
    timer = clock.setTimeout(() => reject(abort.abort()), FETCH_TIMEOUT);
  });
  const answer = async () => {
    const headers = { Accept: "application/json", "X-CSRFToken": typeof csrf === "function" ? csrf() : csrf };
    const response = await fetch(address, { method: "POST", credentials: "same-origin", headers, signal: abort.signal });
    const text = await response.text();
    if (response.ok) return { body: parse(text) };
    return { refusal: readRefusal(response.status, text, retryAfter(response.headers.get("Retry-After"), clock.now())) };
  };
  try {
    return await Promise.race([answer(), late]);
  } catch {
    return { refusal: { code: "site_unreachable", message: "The site cannot be reached.", least: 0 } };
  } finally {
    clock.clearTimeout(timer);
  }
}
