/** A WebSocket to Django through AWS API Gateway that stays open. All times are in milliseconds, all sizes in bytes. */

export type State = "idle" | "connecting" | "open" | "waiting" | "stopped";

/** An object that fits one frame of 32 KB. `id` is chosen by `request()` when it is absent. */
export type Message = { id?: string | number; [key: string]: unknown };

export interface StateDetail {
  state: State;
  /** Why it is waiting or stopped: a refusal code of the server, or one of this client (`closed_1006`, `site_unreachable`...). */
  code?: string;
  message?: string;
  /** While waiting: when the next attempt follows. */
  retryIn?: number;
}

export interface Events {
  /** Every change of state. */
  state: StateDetail;
  /** A connection opened. `replaced`: it took over from one that was still open, so nothing was missed. */
  open: { replaced: boolean };
  /** A message that is no reply, empty, or a repeat (by `message_id`). */
  message: any;
  /** Something failed that nobody waits for: a refused message, an error of API Gateway itself, an unreadable frame. */
  error: GatewayError;
  /** The connection in use ended. A new one follows, unless `stopped` comes next. */
  close: { code: number; reason: string };
  /** There will be no further attempt, until `connect()` is called again. */
  stopped: { code: string; message: string };
}

export interface Clock {
  now(): number;
  setTimeout(callback: () => void, wait: number): unknown;
  clearTimeout(timer: unknown): void;
}

export interface Options {
  /** POSTed before each attempt, answers `{token, expires_in, url}`. Default `/api/ws-token/`. */
  tokenUrl?: string;
  /** POSTed after a refused handshake, to learn why; "" turns that off. Default `/api/ws-check/`. */
  checkUrl?: string;
  /** The channel to join. Default: the gateway's default channel. */
  channel?: string;
  /** The CSRF token, or what returns it. Default: the cookie `csrftoken`, else `<meta name="csrf-token">`. */
  csrf?: string | (() => string);
  /** A message is sent after so long a silence; 0 never. Under ten minutes, API Gateway's limit, else a RangeError. Default 5 minutes. */
  heartbeat?: number;
  /** A new connection takes over at about this age; 0 never. Under two hours, API Gateway's limit, else a RangeError. Default 110 minutes. */
  lifetime?: number;
  /** How long `request()` waits for a reply before it sends again. Default 30 s. */
  requestTimeout?: number;
  /** How often `request()` sends again under the same id. Default 2. */
  retries?: number;
  /** Messages that wait for a connection, at most. Default 100. */
  queueLimit?: number;
  /** Waits are random between 0 and min(cap, base * 2^failures). Default `{base: 500, cap: 30000}`. */
  backoff?: { base?: number; cap?: number };

  /** What tests replace. */
  fetch?: typeof globalThis.fetch;
  WebSocket?: new (url: string) => WebSocket;
  clock?: Clock;
  random?: () => number;
  page?: Pick<Document, "addEventListener" | "visibilityState">;
  network?: Pick<Window, "addEventListener">;
}

export interface RequestOptions {
  timeout?: number;
  retries?: number;
}

export class GatewayError extends Error {
  constructor(code: string, message: string, details?: { errors?: unknown; frame?: unknown });
  /**
   * For programs: a refusal code of the server, or `message_invalid`, `message_too_large`, `queue_full`, `id_in_use`, `timeout`,
   * `connection_lost`, `stopped`, `gateway_error`, `frame_unreadable`.
   */
  readonly code: string;
  /** Of a refused message: what is wrong with which field. */
  readonly errors: any;
  /** The frame that says so, if there is one. */
  readonly frame: any;
}

export class GatewayClient extends EventTarget {
  /** Throws a `RangeError` for a `heartbeat` or `lifetime` that API Gateway would not wait for. */
  constructor(options?: Options);
  /** Reads what the template tag `{% gateway_client channel %}` wrote on an element. */
  static fromElement(element: HTMLElement, options?: Options): GatewayClient;
  readonly state: State;
  /** Starts, or starts again after `stopped`. */
  connect(): void;
  /** Ends the connection and stops: `stopped` with the code `closed`. */
  close(): void;
  /** Sends a message, or keeps it until there is a connection. Throws `GatewayError`. */
  send(data: Message): void;
  /**
   * Sends a message and resolves with its reply; rejects with `GatewayError`. It may reach the server more than once, always under the
   * same `id`: let the handler recognise that, or set `retries` to 0.
   */
  request(data: Message, options?: RequestOptions): Promise<any>;
  /** Calls `listener` with the detail of each such event. Returns a function that ends that. */
  on<Type extends keyof Events>(type: Type, listener: (detail: Events[Type]) => void): () => void;
}

export interface ClosePolicy {
  /** Never reconnect sooner. */
  readonly least: number;
  /** Whether unanswered requests are sent again on the next connection. */
  readonly resend: boolean;
  readonly meaning: string;
}

/** What follows from each close code. */
export const CLOSE_POLICY: Readonly<Record<number, ClosePolicy>>;
export const MAX_FRAME_BYTES: 32768;
