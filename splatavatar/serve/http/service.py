"""What every request of the service is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from splatavatar.serve.http.keys import ApiKeys
from splatavatar.serve.http.limits import RateLimits
from splatavatar.serve.session.registry import Registry
from splatavatar.serve.voices.voice import Voice


@dataclass(frozen=True)
class Service:
    """The sessions, who may ask for them and how often, and the voices of the operator."""

    registry: Registry
    keys: ApiKeys | None = None
    """None: whoever asks from this machine may do everything"""
    voices: Mapping[str, Voice] = field(default_factory=dict)
    """by the names that clients call them, the usual one first"""
    limits: RateLimits = field(default_factory=lambda: RateLimits(20, 40))
    """of requests, by key, session or address"""
    mistakes: RateLimits = field(default_factory=lambda: RateLimits(0.5, 20))
    """of wrong keys and tokens, by address"""
