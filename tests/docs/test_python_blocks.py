"""The Python of the documents runs as it stands, each document in a fresh folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.documents import DOCUMENTS, ROOT, blocks, inputs

ON_A_GPU = 'open_renderer(avatar, "cuda")'
WITH_PYTHON = [document for document in DOCUMENTS if blocks(document, "python")]


def test_there_are_examples() -> None:
    assert {document.name for document in WITH_PYTHON} >= {"README.md", "python.md", "drive.md", "audio.md"}


@pytest.mark.parametrize("document", WITH_PYTHON, ids=lambda path: path.name)
def test_the_blocks_of_a_document_run_one_after_the_other(document: Path, tmp_path: Path) -> None:
    code = "\n".join(blocks(document, "python"))
    compile(code, document.name, "exec")
    if ON_A_GPU in code:
        torch = pytest.importorskip("torch")
        if not torch.cuda.is_available():
            pytest.skip("needs a GPU")
    inputs(tmp_path)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "SPLATAVATAR_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    if document.name == "python.md":
        found = done.stdout.splitlines()[-1]  # the last example finds in a picture what the picture was made with
        assert found.startswith("the jaw is open by ") and abs(float(found.split()[-1]) - 0.5) < 0.1
        assert (tmp_path / "open.spz").is_file()
        bakes = {f"{name}.{kind}" for name in ("me", "small") for kind in ("report.html", "splatavatar")}
        assert {file.name for file in (tmp_path / "out").iterdir()} == {*bakes, "hello.mp4", "live.mp4"}
