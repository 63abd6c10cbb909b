"""The spoken proof of a bake: whether the footage has the sentence that was handed out to be read aloud."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace

from splatavatar.bake.events import Listener, SpokenChecked
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture.capture import Capture
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.folder import landmarks_path
from splatavatar.capture.proof.code import Code
from splatavatar.capture.proof.open_codes import ANOTHER, claim, open_codes, remembered_codes, why_none
from splatavatar.capture.proof.proof import Verdict, beginning, look_for
from splatavatar.errors import SplatAvatarError

NO_RECORD = "a code is open, but without a record of consent there is nothing to add it to"


def with_spoken_proof(settings: BakeSettings, capture: Capture, tell: Listener) -> BakeSettings:
    """``settings`` whose record of consent has the proof, where a code that was handed out is spoken in the footage.

    Where none was handed out, nothing is done. Whatever fails is told in one sentence, and the record stays as it is.
    """
    given, today = settings.consent, datetime.date.today()
    try:
        if not remembered_codes() or (given is not None and given.consent.spoken is not None):
            return settings
        reason = why_none(today) or (NO_RECORD if given is None else None)
        if reason is not None or given is None:
            tell(SpokenChecked(f"no spoken proof: {reason}"))
            return settings
        verdict = _found(settings, capture, open_codes(today))
        if verdict.code is None or verdict.proof is None:
            tell(SpokenChecked(verdict.sentence))
            return settings
        if not claim(verdict.code, verdict.proof.sha256):
            tell(SpokenChecked(f"no spoken proof: the code was heard in another film before; {ANOTHER}"))
            return settings
        tell(SpokenChecked(verdict.sentence))
    except SplatAvatarError as error:
        tell(SpokenChecked(f"no spoken proof: {error}"))
        return settings
    return replace(settings, consent=replace(given, consent=replace(given.consent, spoken=verdict.proof)))


def _found(settings: BakeSettings, capture: Capture, codes: list[Code]) -> Verdict:
    """The verdict on the first film in which a code is spoken, or on the last."""
    verdict = Verdict(None, None, None, "no spoken proof: the footage is no film, which has a sound")
    for number, film in enumerate((settings.capture, *settings.clips)):
        if os.path.isfile(film):
            landmarks = Landmarks.load(landmarks_path(capture.root, number))
            verdict = look_for(codes, beginning(film), landmarks)
            if verdict.proof is not None:
                break
    return verdict
