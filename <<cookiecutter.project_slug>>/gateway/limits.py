"""AWS quotas for WebSocket APIs, under AWS's own names. None of the values here can be raised by asking AWS.

Source: the developer guide's page "Quotas for configuring and running a WebSocket API".
"""

MAX_MESSAGE_BYTES = 131_072
"""Message payload size, both directions (128 KB). Larger: the gateway closes with 1009, or answers a POST with 413."""

MAX_FRAME_BYTES = 32_768
"""WebSocket frame size (32 KB). A browser cannot choose its frames, so this is the safe size for what a page sends."""

IDLE_TIMEOUT_SECONDS = 600
"""A connection without traffic for ten minutes is closed with 1001."""

MAX_CONNECTION_SECONDS = 7_200
"""No connection lives longer than two hours."""

MAX_INTEGRATION_TIMEOUT_MS = 29_000
"""The longest API Gateway waits for the backend."""

MIN_INTEGRATION_TIMEOUT_MS = 50
"""The shortest integration timeout API Gateway accepts."""

MAX_HANDSHAKE_URL_LENGTH = 4_096
"""Characters in the handshake's URL, query string included."""

MAX_PARAMETER_VALUE_LENGTH = 512
"""Characters in one value of an integration's request parameters; a static literal spends two on its quotes."""

MAX_CONNECTION_ID_LENGTH = 128
"""Connection ids are opaque; the ones AWS makes have 16 characters."""

MAX_ROUTE_KEY_LENGTH = 128
"""AWS publishes no limit; this is conservative."""
