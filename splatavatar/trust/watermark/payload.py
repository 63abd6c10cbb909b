"""What the mark says: 64 bits, a check, and the code that protects them.

The code is a tail-biting convolutional code of constraint length 15 and rate 1/6, the one that deep-space probes send
with (Divsalar, Dolinar and Pollara, TMO Progress Report 42-120, 1995, which lists the generators). Its decoder is the
wrap-around Viterbi algorithm (Shao, Lin and Fossorier, IEEE Transactions on Communications 51, 2003).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats

FIRST_DAY = date(2020, 1, 1)
LAST_DAY = FIRST_DAY + timedelta(days=(1 << 16) - 1)
"""that a payload can say"""
TOOL = 1
"""this toolkit, of the sixteen that the mark has numbers for"""
ID_DIGITS = 10
"""hexadecimal digits of an avatar's short id"""
DATA_BITS, CHECK_BITS = 64, 8
BITS = DATA_BITS + CHECK_BITS
_CHECK = 0x07
"""CRC-8, x^8 + x^2 + x + 1"""
MEMORY = 14
GENERATORS = (0o46321, 0o51271, 0o63667, 0o70535, 0o73277, 0o76513)
"""octal, the newest bit of the register in the highest of fifteen places"""
CODED_BITS = BITS * len(GENERATORS)
_WRAPS = 2
"""times that the decoder goes around: more change nothing"""
_LIST = 64
"""messages, at most, whose checks are tried"""
_NEVER = 1e6
_USUAL = {**{t: TOOL >> (3 - t) & 1 for t in range(4)}, **{t: 0 for t in range(DATA_BITS - 4, DATA_BITS)}}
"""bits of a message that are taken for known where it cannot be read without: of this tool, with nothing spare"""


@dataclass(frozen=True)
class Payload:
    """What a mark says."""

    avatar: str
    """short id of the avatar: the first ten hexadecimal digits of its digest"""
    day: date
    """when the picture was made"""
    tool: int = TOOL
    """0 to 15"""
    spare: int = 0
    """0 to 15; nothing is said by it yet"""


def data_of(payload: Payload) -> int:
    """The 64 bits: from the highest the tool (4), the avatar (40), days since 2020-01-01 (16), spare (4).

    Raises ValueError for what does not fit.
    """
    days = (payload.day - FIRST_DAY).days
    if len(payload.avatar) != ID_DIGITS:
        raise ValueError(f"a short id has {ID_DIGITS} hexadecimal digits, not {len(payload.avatar)}")
    if not (0 <= payload.tool < 16 and 0 <= payload.spare < 16 and 0 <= days < 1 << 16):
        raise ValueError("the tool and the spare bits are from 0 to 15, the days since 2020-01-01 from 0 to 65535")
    return payload.tool << 60 | int(payload.avatar, 16) << 20 | days << 4 | payload.spare


def payload_of(data: int) -> Payload:
    """What the 64 bits ``data`` say; see ``data_of``."""
    day = FIRST_DAY + timedelta(days=data >> 4 & 0xFFFF)
    return Payload(f"{data >> 20 & (1 << 40) - 1:010x}", day, data >> 60, data & 15)


def check_of(data: int) -> int:
    """CRC-8 of the eight bytes of ``data``, the highest first."""
    value = 0
    for byte in data.to_bytes(8, "big"):
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (_CHECK if value & 0x80 else 0)) & 0xFF
    return value


def encode(data: int) -> NDArray[np.uint8]:
    """The coded bits (432), 0 or 1, of 64 bits and their check.

    Bit t of the message, the highest first, makes bits 6t to 6t + 5: the parity of the register under each generator.
    The register holds bit t and the fourteen before it, cyclically.
    """
    message = data << CHECK_BITS | check_of(data)
    bits = [message >> (BITS - 1 - t) & 1 for t in range(BITS)]
    coded = []
    for t in range(BITS):
        register = sum(bits[t - k] << (MEMORY - k) for k in range(MEMORY + 1))
        coded += [(register & generator).bit_count() & 1 for generator in GENERATORS]
    return np.array(coded, np.uint8)


def decode(soft: Floats) -> int | None:
    """The 64 bits whose coded bits fit ``soft`` (432) best, None where the check of none that fits well holds.

    ``soft`` is positive where a coded bit is more likely 0, by how much as the logarithm of the odds, in any unit.
    """
    soft = np.asarray(soft, np.float32)
    for known in ({}, _USUAL):
        found = [message for message in _likely(soft, known) if check_of(message >> CHECK_BITS) == message & 0xFF]
        if found:
            fits = [float((1.0 - 2.0 * encode_message(message)) @ soft) for message in found]
            return found[int(np.argmax(fits))] >> CHECK_BITS
    return None


def _likely(soft: Floats, known: dict[int, int]) -> list[int]:
    """Messages of 72 bits that fit ``soft`` well; the bits of them that are ``known`` are as they are."""
    states, half = 1 << MEMORY, 1 << (MEMORY - 1)
    every = np.arange(states, dtype=np.int32)
    # Every generator takes the newest bit: where it is 1 all six bits are the opposite of those where it is 0.
    gains = soft.reshape(BITS, len(GENERATORS)) @ _branches().T
    metric = np.zeros(states, np.float32)
    reached = np.empty((2 * half, 2), np.float32)
    came = np.empty((BITS, states), np.bool_)
    start = every
    for wrap in range(_WRAPS):
        metric -= metric.max()
        for t in range(BITS):
            # A register of fifteen bits, the newest the highest: 2n and 2n + 1 both lead to the state n.
            np.add(metric, gains[t], out=reached[:half].reshape(-1))
            np.subtract(metric, gains[t], out=reached[half:].reshape(-1))
            even, odd = reached[:, 0], reached[:, 1]
            np.greater(odd, even, out=came[t])
            np.maximum(even, odd, out=metric)
            if t in known:
                never = metric[:half] if known[t] else metric[half:]
                never -= _NEVER
            if wrap == _WRAPS - 1:
                start = start[(every << 1 | came[t]) & (states - 1)]
    closed = np.where(start == every, metric, -np.inf)
    ends = np.argsort(-closed)[:_LIST]
    return [_trace(came, int(end)) for end in ends if np.isfinite(closed[end])]


def encode_message(message: int) -> NDArray[np.uint8]:
    """The coded bits (432) of 72 bits, check included."""
    bits = np.array([message >> (BITS - 1 - t) & 1 for t in range(BITS)], np.int64)
    register = np.zeros(BITS, np.int64)
    for k in range(MEMORY + 1):
        register |= np.roll(bits, k) << (MEMORY - k)
    return np.stack([_parity(register & generator) for generator in GENERATORS], -1).ravel().astype(np.uint8)


def _trace(came: NDArray[np.bool_], end: int) -> int:
    state, message = end, 0
    for t in reversed(range(BITS)):
        # The newest bit of a state is its highest.
        message |= (state >> (MEMORY - 1)) << (BITS - 1 - t)
        state = (state << 1 | int(came[t, state])) & (1 << MEMORY) - 1
    return message


@cache
def _branches() -> NDArray[np.float32]:
    """(16384, 6) what each register of a new bit 0 sends, as 1 for 0 and -1 for 1."""
    registers = np.arange(1 << MEMORY)
    return np.stack([1 - 2 * _parity(registers & generator) for generator in GENERATORS], -1).astype(np.float32)


def _parity(values: NDArray[np.int64]) -> NDArray[np.int64]:
    for shift in (16, 8, 4, 2, 1):
        values = values ^ values >> shift
    return values & 1
