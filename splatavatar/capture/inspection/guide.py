"""How to film oneself: what the critique of a capture asks for, in the order of filming it."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Literal, get_args

Kind = Literal[
    "absent", "several", "short", "small", "side", "up_down", "open", "teeth", "pucker", "brows", "eyes", "blur",
    "exposure", "mattes", "foreign", "fit",
]  # fmt: skip
"""what a capture may lack"""
KINDS: tuple[Kind, ...] = get_args(Kind)

SENTENCE = "Five wet mice pushed the yellow cheese off the boat, then ran through the bushes before we could move."
"""lips that close, bite, round and spread, and a tongue between the teeth"""

ADVICE: dict[Kind, str] = {
    "side": "turn the head slowly to the left, as far as 60 degrees, back, to the right and back, "
    "the face at rest and the eyes going along",
    "up_down": "raise the chin slowly until you see the ceiling, then lower it to the chest",
    "open": "open the mouth as wide as it goes, twice",
    "teeth": "smile broadly with the teeth showing, twice",
    "pucker": "pout as for a kiss, twice",
    "brows": "raise the brows high, then pull them down into a frown, twice",
    "eyes": "close the eyes gently for a second, twice",
    "short": "film for 60 seconds",
    "exposure": "let light fall evenly from the front, as from a window you face, with none behind you, and lock "
    "exposure and focus (on a phone, keep a finger on your face until it says so)",
    "blur": "stand the phone on something, give it light and move slowly",
    "small": "film in 1080p or more from an arm's length, 50 to 70 cm, at the height of your eyes, so that the face "
    "fills a third of the width; portrait is fine",
    "absent": "keep the whole head and the shoulders in the picture, hair and hands away from the face",
    "several": "be alone in the picture, no photographs and no mirrors behind you",
    "mattes": "choose a plain background that stays as it is and that differs from hair and skin",
    "foreign": "keep hands, microphones and other people away from head and shoulders",
    "fit": "switch beauty filters, blurred backgrounds and stabilisation off, and do not zoom",
}
"""what to do against each of them, as half of a sentence"""

BEFORE: tuple[Kind, ...] = ("exposure", "blur", "small", "absent", "several", "foreign", "mattes", "fit", "short")
"""what to see to before filming"""


@dataclass(frozen=True)
class Step:
    """A stretch of the film."""

    start: int
    """seconds"""
    stop: int
    against: tuple[Kind, ...]
    """what the capture would lack without it"""
    text: str


STEPS: tuple[Step, ...] = (
    Step(0, 4, (), "look into the camera with the face at rest and the lips closed"),
    Step(4, 18, ("side",), ADVICE["side"]),
    Step(18, 26, ("up_down",), ADVICE["up_down"]),
    Step(26, 30, ("open",), ADVICE["open"]),
    Step(30, 34, ("teeth",), ADVICE["teeth"]),
    Step(34, 38, ("pucker",), ADVICE["pucker"]),
    Step(38, 42, ("brows",), ADVICE["brows"]),
    Step(42, 46, ("eyes",), ADVICE["eyes"]),
    Step(46, 60, (), f'read aloud, as to a friend: "{SENTENCE}"'),
)


def guide(width: int = 88) -> str:
    """The guide as lines of text of at most ``width`` characters."""
    lines = ["How to film yourself in 60 seconds", "", "Before:"]
    lines += [_item("  - ", ADVICE[kind], width) for kind in BEFORE]
    lines += ["", "Then, without a cut; breathe and blink as you always do:"]
    lines += [_item(f"  {_clock(step.start)}-{_clock(step.stop)}  ", step.text, width) for step in STEPS]
    lines += ["", _item("", "glasses: wear them throughout or not at all; they become part of the avatar", width)]
    lines += ["", "Then: splatavatar bake me.mp4"]
    return "\n".join(lines)


def _item(lead: str, text: str, width: int) -> str:
    sentence = text[0].upper() + text[1:]
    end = "" if sentence.endswith(('."', ".")) else "."
    return fill(sentence + end, width, initial_indent=lead, subsequent_indent=" " * len(lead))


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
