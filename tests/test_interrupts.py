from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from splatavatar.interrupts import SIGNALS, deferred_signals, raised_signals

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_waits_and_the_second_ends_who_is_not_patient(number: int) -> None:
    before = signal.getsignal(number)
    with deferred_signals(patient=False) as asked:
        assert not asked()
        os.kill(os.getpid(), number)
        assert asked() and asked.number == number
        with pytest.raises((KeyboardInterrupt, SystemExit)) as ended:
            os.kill(os.getpid(), number)
    assert isinstance(ended.value, KeyboardInterrupt if number == signal.SIGINT else SystemExit)
    assert signal.getsignal(number) is before


def test_the_patient_are_only_told_however_often_they_come() -> None:
    before, seen = [signal.getsignal(number) for number in SIGNALS], list[int]()
    with deferred_signals(lambda: seen.append(1)) as asked:
        for number in (signal.SIGTERM, *SIGNALS, signal.SIGINT):
            os.kill(os.getpid(), number)
    assert len(seen) == len(SIGNALS) + 2
    assert asked.number == signal.SIGTERM
    assert isinstance(ended := asked.ending(), SystemExit) and ended.code == 128 + signal.SIGTERM
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_ends_a_program_with_its_number() -> None:
    with pytest.raises(SystemExit) as ended, raised_signals():
        os.kill(os.getpid(), signal.SIGHUP)
    assert ended.value.code == 128 + signal.SIGHUP


def test_what_was_ignored_from_the_start_stays_ignored() -> None:
    code = (
        "import os, signal, sys\n"
        "from splatavatar.interrupts import deferred_signals, raised_signals\n"
        "for number in (signal.SIGHUP, signal.SIGQUIT):\n"
        "    with raised_signals(), deferred_signals() as asked:\n"
        "        os.kill(os.getpid(), number)\n"
        "        print(asked())\n"
    )

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        preexec_fn=ignore,
    )
    assert (done.returncode, done.stdout) == (0, "False\nFalse\n"), done.stderr


def test_other_threads_are_left_alone() -> None:
    answers: list[bool] = []

    def work() -> None:
        with deferred_signals() as asked:
            answers.append(asked())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [False]
