"""Where the speech of an agent goes that has its face in its own process."""

from __future__ import annotations

from livekit.agents.voice.avatar import QueueAudioOutput


class SpeechOutput(QueueAudioOutput):
    """LiveKit's queue, of which every segment is reported as over.

    Sound that is interrupted before anybody took it from the queue is reported by nobody else, and an agent that waits
    for it would wait for ever.
    """

    def __init__(self, rate: int) -> None:
        """``rate``: Hz of the sound that is wanted."""
        super().__init__(sample_rate=rate, wait_playback_start=True)
        self._reported = 0
        self._closed = False

    def on_playback_finished(
        self, *, playback_position: float, interrupted: bool, synchronized_transcript: str | None = None
    ) -> None:
        """A segment is over."""
        if self._reported >= self.captured_playout_segments:
            return
        self._reported += 1
        super().on_playback_finished(
            playback_position=playback_position,
            interrupted=interrupted,
            synchronized_transcript=synchronized_transcript,
        )

    def flush(self) -> None:
        """All of a segment has come."""
        super().flush()
        if self._closed:
            # Nobody takes it from the queue.
            super().clear_buffer()
            self._give_up()

    def clear_buffer(self) -> None:
        """Interrupt: all segments are over when this returns, those that nobody took too."""
        super().clear_buffer()
        self._give_up()

    def close(self) -> None:
        """Nobody says any of it any more: what comes is over at once."""
        self._closed = True
        self._give_up()

    def _give_up(self) -> None:
        while self._reported < self.captured_playout_segments:
            self.on_playback_finished(playback_position=0.0, interrupted=True)
