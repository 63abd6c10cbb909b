"""What ``splatavatar bake`` asks at a terminal: whose face it is, and what they have agreed to."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from typing import Any

import typer

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.consent import SCOPES, Consent
from splatavatar.cli.terminal import tell
from splatavatar.printable import printable
from splatavatar.trust.policy import notice_of

HOW = "asked at the terminal"
USES = tuple(use for use in SCOPES if use != "private")
PRIVATE = "No record of consent: the avatar is private (splatavatar consent set adds one later)."


def at_a_terminal() -> bool:
    """Whether somebody can be asked, and sees the question."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def ask_consent(today: datetime.date | None = None) -> Consent | None:
    """The record that the answers make; None where nobody is named, which keeps the avatar private."""
    tell("An avatar shows a person, so its file says who has agreed to what. Enter keeps it private.")
    shown: dict[str, Any] = {"how": HOW, "date": (today or datetime.date.today()).isoformat()}
    record = {**shown, "subject": "-", "given_by": "-", "scope": {"private": True}}

    def ask(question: str, field: str, read: Callable[[str], Any] = str) -> Any:
        """What is answered, None for nothing; asked again until it can be a ``field`` of the record."""
        while True:
            answer = _line(f"{question}: ")
            if not answer:
                return None
            try:
                value = read(answer)
                Consent.from_json({**record, field: value}, "what you say")
            except Defect as defect:
                tell(f"{str(defect)[:1].upper()}{str(defect)[1:]}.")
            else:
                record[field] = value
                return value

    subject = ask("Who is shown, by name or pseudonym (Enter: keep the avatar private)", "subject")
    if subject is None:
        tell(PRIVATE)
        return None
    record["given_by"] = subject
    ask("Who says so (Enter: you are that person)", "given_by")
    ask(f"Which uses are allowed, of {', '.join(USES)} (Enter: none, it stays private)", "scope", _scope)
    ask("Until which day, such as 2027-11-27 (Enter: no end)", "expires")
    ask("Where can it be taken back, such as a mail address (Enter: not said)", "revocation")
    tell(f"The avatar will say: {printable(notice_of({'consent': record}))}")
    return Consent.from_json(record)


def _scope(answer: str) -> dict[str, bool]:
    named = [word for word in answer.lower().replace(",", " ").split() if word != "private"]
    if named == ["all"]:
        named = list(USES)
    for word in named:
        if word not in USES:
            raise Defect(f"{word[:40]!r} is none of the uses {', '.join(USES)}")
    return {"private": True, **{use: use in named for use in USES}}


def _line(question: str) -> str:
    """What is typed, without spaces around it; nothing at the end of the input."""
    while True:
        typer.echo(question, nl=False)
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            tell("That is no text in the encoding of this terminal.")
            continue
        if not line.endswith("\n"):
            typer.echo()
        return line.strip()
