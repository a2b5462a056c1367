/** One useful sentence for everything that can go wrong. What is not here speaks for itself: its own message is shown. */

const SENTENCES = {
  login_required: "You are signed out. Sign in to go on.",
  login_ended: "Your login has ended, and its connection with it. Sign in to go on.",
  token_missing: "The connection came without its one-time token. A new one is fetched.",
  token_invalid: "The one-time token was used or too old. A new one is fetched.",
  rate_limited: "Too many attempts to connect. The next one waits a little.",
  message_rate_limited: "That was too fast. Wait a moment, then send it again.",
  origin_not_allowed: "This page's address is not on the list of allowed origins (WEBSOCKET_ALLOWED_ORIGINS).",
  channel_invalid: "That is no channel name: use letters, digits, hyphens and underscores, and not too many.",
  channel_forbidden: "This channel is not open to you. Pick another one, or have it opened in the admin, under Channel permissions.",
  session_unknown: "The server does not know this connection any more. A new one is opened.",
  csrf_failed: "This page is older than your login. Load it again.",
  message_too_large: "The message is too large for one frame: 32 KB.",
  gateway_error: "API Gateway could not reach Django. The message is sent again if that is safe.",
  timeout: "No reply came.",
  connection_lost: "The connection ended before the reply came.",
  queue_full: "Too many messages are waiting for the connection.",
  stopped: "There is no connection.",
  gateway_missing: "There is no gateway yet. Run manage.py provision_gateway; the next attempt follows by itself.",
  closed: "You closed the connection.",
  site_unreachable: "The site cannot be reached. The next attempt follows by itself.",
  handshake_failed: "API Gateway does not accept the connection. The next attempt follows by itself.",
  http_500: "Django failed; its log, in the terminal where it runs, says why. The next attempt follows by itself.",
};

export function sentence(code, message, errors = null) {
  const details = Object.values(errors ?? {}).flat().filter((detail) => typeof detail === "string");
  return [SENTENCES[code] ?? message ?? code, ...details].join(" ");
}
