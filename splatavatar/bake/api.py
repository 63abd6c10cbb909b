"""A bake as one call with plain arguments."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.avatar.consent import Consent
from splatavatar.bake.events import Baked, Listener, nobody
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture.preparation.prepare import AUTO, PrepareOptions
from splatavatar.errors import SettingsError
from splatavatar.trust.consent_file import GivenConsent, read_consent

if TYPE_CHECKING:
    from splatavatar.bake.training.trainer import StepHook


def bake(
    capture: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    budget: float | None = None,
    iterations: int | None = None,
    preset: str = "balanced",
    rig: str = AUTO,
    rig_params: str | Path | None = None,
    fix_rig: bool = False,
    crop: str = "auto",
    footage: PrepareOptions | None = None,
    device: str = "auto",
    seed: int = 0,
    resume: bool = False,
    allow_outside: bool = False,
    layout: str | None = None,
    consent: Consent | str | Path | None = None,
    key: str | Path | None = None,
    record_sources: bool = False,
    forget_footage: bool = False,
    on_event: Listener = nobody,
    on_step: StepHook | None = None,
) -> Baked:
    """An avatar of the person in a capture, baked and written to a file, with a report beside it.

    Args:
        capture: folder of a capture, or a video, or several videos of one person.
        out: avatar file to write, its folder is made; None: out/CAPTURE.splatavatar in the current folder.
        budget: seconds of wall time for all of it; None: the preset's.
        iterations: steps of the optimiser instead of a budget; the result then depends on input and seed alone.
        preset: ``fast``, ``balanced`` or ``best``.
        rig: name of the body model; ``auto``: that of the capture.
        rig_params: file of rig parameters; None: rig_params.npz of the capture.
        fix_rig: whether the rig parameters stay as they are.
        crop: where the bust ends: ``neck``, ``shoulders``, ``chest``, or ``auto``, where the pictures end.
        footage: how video becomes a capture: which face, how many pictures, what is held out.
        device: where to optimise: ``auto``, ``cpu`` or ``cuda``.
        seed: of everything random.
        resume: whether to go on from the checkpoint that an interrupted bake has left beside ``out``.
        allow_outside: whether the capture may name pictures outside of its folder.
        layout: how a folder with known cameras is read, the name of one of ``capture.readers.table.READERS``;
            None: as what it is recognised.
        consent: who is shown and has agreed to what, or the TOML file that says so (docs/trust.md); None: the avatar is
            private, or says what was said before it was resumed.
        key: file of the key of Ed25519 that signs the avatar; None: the user's own, made at first use. Where none is
            named and the package ``cryptography`` is absent, the avatar is unsigned.
        record_sources: whether the avatar holds names and SHA-256 of its clips, by which ``evaluate`` knows them.
        forget_footage: whether what the cache holds of the footage is removed in the end, after an error too; whoever
            interrupts the bake finds it there.
        on_event: called with each event of ``splatavatar.bake.events``, in this thread; what it raises ends the bake.
        on_step: called within every step of the optimiser with a ``BakeStep``.

    Returns:
        The avatar, its file and that of its report, and why it is unfinished, where it is.

    Raises:
        SplatAvatarError: anything wrong with the input, the settings or the output folder.
        KeyboardInterrupt: Ctrl-C, after a checkpoint was written.
    """
    from splatavatar.bake.run import bake as run
    from splatavatar.trust.signing import signer

    paths = [capture] if isinstance(capture, (str, Path)) else list(capture)
    if not paths:
        raise SettingsError("no capture to bake, expected a folder or at least one video")
    if budget is not None and iterations is not None:
        raise SettingsError("a budget and a number of iterations exclude each other; give one of them")
    settings = BakeSettings(
        capture=Path(paths[0]),
        clips=tuple(map(Path, paths[1:])),
        prepare=replace(footage or PrepareOptions(), rig=rig),
        out=None if out is None else Path(out),
        rig=rig,
        rig_params=None if rig_params is None else Path(rig_params),
        preset=preset,
        budget_seconds=budget,
        iterations=iterations,
        device=device,
        seed=seed,
        resume=resume,
        fix_rig=fix_rig,
        crop=crop,
        allow_outside=allow_outside,
        layout=layout,
        consent=_given(consent),
        record_sources=record_sources,
        forget_footage=forget_footage,
        started=time.monotonic(),
    )
    return run(settings, on_event, on_step, signer(key))


def _given(consent: Consent | str | Path | None) -> GivenConsent | None:
    if consent is None or isinstance(consent, Consent):
        return None if consent is None else GivenConsent(consent)
    return read_consent(consent)
