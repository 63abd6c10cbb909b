"""Our own worker for ``python -m splatavatar.serve.conformance livekit_worker:start`` (in this folder)."""

from __future__ import annotations

import os
from typing import Any

from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.output import SpeechOutput
from splatavatar.serve.livekit.runner import SplatRunner

OPTIONS = FaceOptions(
    width=int(os.environ.get("WORKER_SIZE", "512")),
    height=int(os.environ.get("WORKER_SIZE", "512")),
    without_consent=True,
    client_rendered=False,
)


class OurWorker:
    """What an agent has of ``SplatAvatar`` in its own process."""

    def __init__(self, output: SpeechOutput, runner: SplatRunner) -> None:
        self.output, self.runner = output, runner

    async def aclose(self) -> None:
        """End it."""
        self.output.close()
        await self.runner.aclose()


async def start(room: Any) -> OurWorker:
    """The demo avatar, in ``room``."""
    output = SpeechOutput(OPTIONS.rate)
    runner = SplatRunner(room, output, OPTIONS.open_stage(os.environ.get("WORKER_AVATAR", "demo")), OPTIONS)
    await runner.start()
    return OurWorker(output, runner)
