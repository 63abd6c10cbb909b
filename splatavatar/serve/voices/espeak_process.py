"""A process that says what it reads, by the library of espeak-ng: run as a file, never imported by the package.

    python espeak_process.py FOLDER VOICE < TEXT > SOUND.wav

FOLDER is that of the package ``espeakng-loader``. What is written is what the program writes for ``--stdout``.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from pathlib import Path

RETRIEVAL, CHARACTERS, UTF8 = 1, 1, 1
"""of speak_lib.h: sound is handed over as it is made; positions are characters; texts are UTF-8"""
UNKNOWN = 0x7FFFF000
"""the length of a sound that is not over"""


def main(folder: Path, voice: str) -> int:
    """The exit code: 1 where there is no such library or voice."""
    library = next(iter(sorted(folder.glob("*espeak-ng*.*"))), None)
    if library is None:
        return 1
    espeak = ctypes.CDLL(str(library))
    rate = espeak.espeak_Initialize(RETRIEVAL, 0, str(folder / "espeak-ng-data").encode(), 0)
    if rate <= 0 or espeak.espeak_SetVoiceByName(voice.encode()):
        return 1
    out = sys.stdout.buffer
    format_ = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    out.write(struct.pack("<4sI4s", b"RIFF", UNKNOWN + 36, b"WAVE") + format_ + struct.pack("<4sI", b"data", UNKNOWN))

    def made(samples: object, count: int, events: object) -> int:
        if samples and count:
            out.write(ctypes.string_at(samples, 2 * count))  # type: ignore[arg-type]
            out.flush()
        return 0

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    callback = kind(made)  # kept until the end
    espeak.espeak_SetSynthCallback(callback)
    text = sys.stdin.buffer.read()
    espeak.espeak_Synth(text, len(text) + 1, 0, CHARACTERS, 0, UTF8, None, None)
    espeak.espeak_Synchronize()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
