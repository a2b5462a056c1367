import { parse, readRefusal, retryAfter } from "./protocol.js";

/** @import { Complete } from "./options.js" */

const FETCH_TIMEOUT = 15_000;
const SIGN_IN = { code: "login_required", message: "Sign in first.", permanent: true, least: 0 };

/** Django's CSRF token: the cookie first, since a page may be older than the login. */
export function csrfToken(name = "csrftoken") {
  const cookie = globalThis.document?.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return cookie?.slice(name.length + 1) ?? globalThis.document?.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}

/**
 * Asks Django over HTTP: `{ body }` when it says yes, else `{ refusal }`. Never throws and never hangs; `abort` ends it sooner.
 *
 * By POST, although checking changes nothing: a same-origin GET carries no Origin, and that is one of the things checked.
 *
 * @param {string} address
 * @param {Complete} options
 * @param {AbortController} abort
 */
export async function ask(address, { fetch, csrf, clock }, abort) {
  const timer = clock.setTimeout(() => abort.abort(), FETCH_TIMEOUT);
  const aborted = new Promise((_, reject) => (abort.signal.onabort = reject));
  const answer = async () => {
    const headers = { Accept: "application/json", "X-CSRFToken": typeof csrf === "function" ? csrf() : csrf };
    const response = await fetch(address, { method: "POST", credentials: "same-origin", headers, signal: abort.signal });
    // Where Django, or what stands before it, sends those who have to sign in.
    if (response.redirected && /[?&]next=/.test(response.url)) return { refusal: SIGN_IN };
    const text = await response.text();
    if (response.ok) return { body: parse(text) };
    return { refusal: readRefusal(response.status, text, retryAfter(response.headers.get("Retry-After"), clock.now())) };
  };
  try {
    return await Promise.race([answer(), aborted]);
  } catch {
    return { refusal: { code: "site_unreachable", message: "The site cannot be reached.", least: 0 } };
  } finally {
    clock.clearTimeout(timer);
  }
}
