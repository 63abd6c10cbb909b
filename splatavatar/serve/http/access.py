"""Who asks: a program by its key, a browser by the token of a session, or anybody on this machine."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from typing import Any

from splatavatar.serve.http.keys import Key
from splatavatar.serve.http.limits import subscriber
from splatavatar.serve.http.logs import log_event
from splatavatar.serve.http.service import Service
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.session.session import Session

PARAMETER = "token"
LONGEST_TOKEN = 128
NO_SESSION = "No session has that id (any more)."
NOT_ADMITTED = "This needs an API key (Authorization: Bearer KEY), or the token of the session; what came is neither."
WRONG_TOKEN = "That is not the token of this session."


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    key: Key | None
    token: str | None
    address: str

    @property
    def owner(self) -> str | None:
        """What sessions that they open are filed under."""
        return None if self.key is None else self.key.id


def caller_of(connection: Any, service: Service) -> Caller:
    """Who asks by a request or a WebSocket of Starlette. Raises Refused."""
    address = subscriber("" if connection.client is None else connection.client.host)
    header = connection.headers.get("authorization")
    token = connection.query_params.get(PARAMETER)
    key = None if service.keys is None else service.keys.check(header)
    if key is None and token is None and header is not None and header[:7].lower() == "bearer ":
        token = header[7:].strip()
    if key is None and token is None and service.keys is None and _is_here(address):
        return Caller(None, None, address)
    # Somebody else's mistakes from the same address, which many may share, hold up no key and no token that is right.
    session = service.registry.get(connection.path_params.get("session_id", ""))
    right = key is not None or (token is not None and session is not None and _is_token_of(session, token))
    wait = None if right else service.mistakes.wait(address)
    if wait is not None:
        raise _refused(service, 429, "Too many wrong keys and tokens came from this address.", "rate", wait)
    if key is None and token is None:
        raise _mistaken(service, address, 401, NOT_ADMITTED)
    who, rate = (key.id, key.rate) if key is not None else (f"token {token}"[:LONGEST_TOKEN], None)
    wait = service.limits.take(who, 1, rate)
    if wait is not None:
        raise _refused(service, 429, "Too many requests.", "rate", wait)
    return Caller(key, None if key is not None or token is None else token[:LONGEST_TOKEN], address)


def caller_needed(service: Service) -> Any:
    """What FastAPI asks who asks; its description of a path says how they show it."""
    from fastapi import Depends, Request
    from fastapi.security import APIKeyQuery, HTTPBearer

    bearer = HTTPBearer(auto_error=False, scheme_name="key", description="An API key, or the token of a session.")
    query = APIKeyQuery(name=PARAMETER, auto_error=False, scheme_name="token", description="The token of a session.")

    def caller(request: Any, shown: Any = Depends(bearer), token: Any = Depends(query)) -> Caller:  # noqa: B008
        return caller_of(request, service)

    caller.__annotations__.update(request=Request)
    return caller


def check_program(caller: Caller, service: Service, scope: str) -> None:
    """Raises Refused unless a program asks whose key is for ``scope``."""
    if caller.token is not None:
        raise _mistaken(service, caller.address, 401, NOT_ADMITTED)
    if caller.key is not None and not caller.key.may(scope):
        raise _refused(service, 403, f"This key is not for that; it lacks the scope {scope}.", "scope")


def session_of(caller: Caller, service: Service, session_id: str, scope: str) -> Session:
    """The session of that id, which the caller may see and use for ``scope``. Raises Refused."""
    session = service.registry.get(session_id)
    if caller.token is not None:
        if session is None:
            raise _mistaken(service, caller.address, 404, NO_SESSION)
        if not _is_token_of(session, caller.token):
            raise _mistaken(service, caller.address, 403, WRONG_TOKEN)
        return session
    check_program(caller, service, scope)
    if session is None or not may_see(caller, session):
        raise Refused(404, NO_SESSION)
    return session


def may_see(caller: Caller, session: Session) -> bool:
    """Whether a session is one that the key has opened; ``admin`` sees all."""
    return caller.key is None or caller.key.may("admin") or session.owner == caller.key.id


def _is_token_of(session: Session, token: str) -> bool:
    return hmac.compare_digest(token.encode("utf-8", "replace"), session.token.encode())


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _mistaken(service: Service, address: str, status: int, sentence: str) -> Refused:
    service.mistakes.take(address)
    return _refused(service, status, sentence, "key")


def _refused(service: Service, status: int, sentence: str, reason: str, wait: float | None = None) -> Refused:
    service.registry.metrics.refused(reason)
    log_event("refused", status=status, reason=reason)
    return Refused(status, sentence, wait, reason)
