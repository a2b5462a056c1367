"""What nobody outside AWS knows, or what AWS does in more than one way: a switch each, with the safe default."""

from dataclasses import dataclass

from gateway import limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Switches:
    """Safe means: a backend or client that works here also works if AWS turns out to do the other thing."""

    idle_timeout: float = limits.IDLE_TIMEOUT_SECONDS
    """Seconds without a message after which a connection ends."""
    max_connection_time: float = limits.MAX_CONNECTION_SECONDS
    """Seconds after which a connection ends, whatever it does."""
    control_frames_reset_idle: bool = False
    """Whether a client's pings keep the connection open. Unsettled; by default applications need a heartbeat of their own."""
    serial_messages: bool = False
    """Handle the messages of one connection one after the other. AWS handles them concurrently; tests may want the order."""
    keep_case_variants: bool = False
    """Let a client header survive beside a mapped one whose name differs in case only."""
    send_empty_parameters: bool = False
    """Send a mapped header with an empty value where the variable is not set on that event; otherwise leave it out."""
    forwarded_headers_on_messages: bool = False
    """Send `X-Forwarded-*` on messages and `$disconnect` too."""
    message_content_type: str = ""
    """The Content-Type of messages where none is mapped. AWS guarantees none."""
    error_frame_on_one_way_failure: bool = False
    """Send "Internal server error" when the backend answers 4xx or 5xx on a one-way route."""
    disconnect_after_delete: bool = True
    """Whether `DELETE @connections` is followed by `$disconnect`. The developer guide says so; one emulator differs."""
    disconnect_on_loss: bool = True
    """Whether a lost TCP connection leads to `$disconnect` (1006) when it is noticed. On AWS it may come late or never."""
    compression: bool = True
    """Negotiate permessage-deflate with clients that offer it."""
    strict_signatures: bool = False
    """Refuse access keys that the emulator does not know; otherwise their signature only has to be well formed."""
    connect_rate: float = 500.0
    """New connections a second, account-wide."""
    account_rate: float = 10_000.0
    """Requests a second, account-wide: handshakes, messages and callbacks together."""
    account_burst: int = 5_000
    """Requests at once, after a pause."""
    outbound_buffer_bytes: int = 262_144
    """Unsent bytes per connection above which a callback is answered with 429. AWS publishes no figure."""
    concurrent_messages: int = 64
    """Messages of one connection in the backend at once; above it the socket is not read, so that memory stays bounded."""
    keep_alive: float = 75.0
    """Seconds of real time that an HTTP connection may be silent, and that a client may take to send the head of a request."""
    close_timeout: float = 5.0
    """Seconds of real time that a client has to answer a close frame before the socket is cut."""
