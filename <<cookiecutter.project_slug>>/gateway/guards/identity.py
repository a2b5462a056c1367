"""Who connects, how often, and with what right."""

from datetime import timedelta
from ipaddress import IPv4Address, ip_address, ip_network

from django.contrib.auth.models import AbstractBaseUser

from gateway.conf import conf
from gateway.events import hash_of
from gateway.exceptions import LoginRequired, RateLimited, TokenInvalid, TokenMissing
from gateway.guards.logins import is_current_auth_hash
from gateway.guards.visit import Policy, Visit
from gateway.models.admission import find_token, redeem
from gateway.models.limiter import Limit, admit


class Identify:
    """Finds out whose connection this would be. Refuses nothing: the rate limit comes first, so that every attempt counts."""

    def __call__(self, visit: Visit) -> None:
        if visit.event.token:
            self._by_token(visit)
        elif not visit.policy.USE_WS_TOKEN:
            self._by_cookie(visit)
        else:
            visit.belongs_to(None)

    def _by_token(self, visit: Visit) -> None:
        found = find_token(hash_of(visit.event.token), visit.now)
        good = (
            found is not None
            and found.is_good(visit.now, conf().TOKEN_LIFETIME)
            and is_current_auth_hash(found.token.user, found.token.auth_hash)
        )
        # No cookie need reach the gateway's own domain. One that does must be of the login that fetched the token.
        same_login = found is not None and visit.event.cookie_hash in (None, found.token.session_key_hash)
        if not (found and good and same_login):
            visit.belongs_to(None)
            return
        visit.token = found
        visit.session_key_hash = found.token.session_key_hash
        visit.belongs_to(found.token.user)

    def _by_cookie(self, visit: Visit) -> None:
        user = getattr(visit.request, "user", None)
        if user is None or not user.is_authenticated:
            visit.belongs_to(None)
            return
        visit.session_key_hash = hash_of(visit.request.session.session_key or "")
        visit.belongs_to(user)


def connect_limit(policy: Policy) -> Limit:
    """The limit on attempts to connect, as the view sets it."""
    return Limit("connect", policy.RATE_LIMIT_MAX_ATTEMPTS, timedelta(minutes=policy.RATE_LIMIT_WINDOW_MINUTES))


def subjects(limit: Limit, ip_address_: str | None, user: AbstractBaseUser | None) -> list[str]:
    """Whom the limit counts: the address (IPv6: its /64, which is one customer) and the user."""
    found = []
    if ip_address_:
        found.append(limit.subject("ip", network_of(ip_address_)))
    if user is not None:
        found.append(limit.subject("user", user.pk))
    return found


def network_of(address: str) -> str:
    """`2001:db8::1` -> `2001:db8::/64`; an IPv4 address stays what it is."""
    parsed = ip_address(address)
    return address if isinstance(parsed, IPv4Address) else str(ip_network(f"{address}/64", strict=False))


class ConnectRate:
    """Attempts of the address and of the user, whatever refuses them later: `RATE_LIMIT_MAX_ATTEMPTS` in any window."""

    def __call__(self, visit: Visit) -> None:
        if not visit.policy.RATE_LIMIT_ENABLED:
            return
        limit = connect_limit(visit.policy)
        seconds = admit(subjects(limit, visit.event.source_ip, visit.user), limit, visit.now)
        if seconds is not None:
            raise RateLimited(retry_after=max(1, seconds))


class RedeemToken:
    """Uses the token up, or asks for a login where tokens are off."""

    def __call__(self, visit: Visit) -> None:
        if visit.event.token:
            if visit.token is None or not redeem(visit.token.token, visit.now, conf().TOKEN_LIFETIME):
                raise TokenInvalid
        elif visit.user is None and not visit.policy.ALLOW_ANONYMOUS:
            raise TokenMissing if visit.policy.USE_WS_TOKEN else LoginRequired
