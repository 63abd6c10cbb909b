"""Words of speech, by the model of English that pocketsphinx ships."""

from __future__ import annotations

import numpy as np

from splatavatar.extras import required
from splatavatar.serve.speech.resampling import Samples

RATE = 16000
"""Hz"""
FIRST = 0.7
"""seconds of an utterance by which the room and the microphone are judged before words are looked for"""


class Recogniser:
    """Understands one utterance after the other, while it is said.

    The decoder subtracts the mean of the cepstrum. What it begins with is of another room, and most of the first words
    would be lost until it has learnt better: so the mean of the first sound of an utterance is found before its words.
    """

    def __init__(self) -> None:
        """Takes a second. Raises DependencyError without pocketsphinx."""
        self._decoder = required("pocketsphinx").Decoder(samprate=RATE, loglevel="FATAL")
        self._first: list[Samples] = []
        self._begun = False

    def push(self, samples: Samples) -> None:
        """Take more of the utterance (N), mono at 16 kHz."""
        if self._begun:
            self._decoder.process_raw(_bytes(samples))
            return
        self._first.append(samples)
        if sum(len(piece) for piece in self._first) >= FIRST * RATE:
            self._begin()

    def finish(self) -> str:
        """The words of the utterance, '' where none were heard; the next one begins."""
        if not self._begun and self._first:
            self._begin()
        if not self._begun:
            return ""
        self._decoder.end_utt()
        self._begun = False
        found = self._decoder.hyp()
        return "" if found is None else str(found.hypstr)

    def forget(self) -> None:
        """The utterance is not wanted."""
        self._first.clear()
        if self._begun:
            self._decoder.end_utt()
            self._begun = False

    def _begin(self) -> None:
        sound = _bytes(np.concatenate(self._first))
        self._first.clear()
        self._decoder.start_utt()
        self._decoder.process_raw(sound, no_search=True, full_utt=True)
        self._decoder.end_utt()
        self._decoder.set_cmn(self._decoder.get_cmn(True))
        self._decoder.start_utt()
        self._decoder.process_raw(sound)
        self._begun = True


def _bytes(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()
