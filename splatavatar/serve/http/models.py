"""What the service is asked and what it answers, as JSON: every field within bounds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST_NAME = 128
"""characters of the name of an avatar or a voice"""
LONGEST_TEXT = 5000
"""characters that are said at a time"""
LONGEST_SDP = 64 << 10
"""characters of an offer"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(BaseModel):
    """Why something was refused."""

    error: str = Field(description="One sentence.", examples=["No session has that id."])


class SessionRequest(_Strict):
    """A new session."""

    avatar: str = Field(
        min_length=1, max_length=LONGEST_NAME, description="A name of GET /v1/avatars.", examples=["demo"]
    )
    mode: Literal["video", "client"] = Field(
        "video", description="Whether pictures are drawn here, or faces are sent for who draws the avatar themselves."
    )
    width: int = Field(512, ge=64, le=1024, multiple_of=16, description="Pixels of pictures.")
    height: int = Field(512, ge=64, le=1024, multiple_of=16, description="Pixels of pictures.")
    fps: float = Field(25.0, ge=10, le=60, allow_inf_nan=False, description="Pictures or faces a second.")
    voice: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_NAME,
        description="What says texts; the first one if null.",
    )
    mood: str = Field(
        "neutral",
        min_length=1,
        max_length=40,
        description="NAME or NAME:INTENSITY, such as happy:0.6.",
        examples=["neutral", "happy:0.6"],
    )
    behaviour: float = Field(
        1.0, ge=0, le=2, allow_inf_nan=False, description="How far head, eyes and brows move; 0 for not at all."
    )
    label: str | None = Field(
        None, min_length=1, max_length=40, description="A word in a corner of every picture, such as Avatar."
    )


class IceServer(BaseModel):
    """A server that helps to connect, as browsers take it."""

    urls: str
    username: str | None = None
    credential: str | None = None


class SessionMade(BaseModel):
    """A session that has been opened, with what opens it to a browser."""

    id: str
    token: str = Field(description="Lets who has it watch and speak in this session, and nothing else.")
    mode: Literal["video", "client"]
    avatar_url: str | None = Field(description="Where the avatar's file is, in client mode.")
    offer_url: str = Field(description="Where an offer of WebRTC is posted to.")
    page_url: str = Field(description="A page that shows the session, with its token behind the #.")
    ice_servers: list[IceServer]
    expires: str = Field(description="When it ends if nobody connects (ISO 8601, UTC).")


class SessionState(BaseModel):
    """A session as it is now."""

    id: str
    mode: Literal["video", "client"]
    avatar: str
    width: int
    height: int
    fps: float
    opened: str = Field(description="ISO 8601, UTC.")
    connected: bool = Field(description="Whether somebody watches.")
    speaking: bool
    waiting: float = Field(description="Seconds of speech that have come and are not said.")
    ice_servers: list[IceServer]


class Sessions(BaseModel):
    """The sessions that the key has opened."""

    sessions: list[SessionState]


class Avatars(BaseModel):
    """What the service can show and say."""

    avatars: list[str]
    voices: list[str]


class Description(_Strict):
    """An offer of WebRTC."""

    type: Literal["offer"]
    sdp: str = Field(min_length=1, max_length=LONGEST_SDP)


class Answer(BaseModel):
    """The answer to an offer."""

    type: Literal["answer"] = "answer"
    sdp: str


class Text(_Strict):
    """A text to say."""

    text: str = Field(min_length=1, max_length=LONGEST_TEXT, examples=["Hello, how are you?"])
    voice: str | None = Field(
        None, min_length=1, max_length=LONGEST_NAME, description="One of GET /v1/avatars; that of the session if null."
    )


class Spoken(BaseModel):
    """Speech that is being said, or waits to be."""

    segment: int = Field(description="Its number, by which events name it.")
    seconds: float | None = Field(None, description="How long it is, where that is known already.")


class Interruption(BaseModel):
    """What was cut off."""

    segments: list[int]


class Health(BaseModel):
    """Whether the service works."""

    status: Literal["ok", "draining", "full"]
