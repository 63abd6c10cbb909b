from __future__ import annotations

from splatavatar.viewer import generate, generate_drive


def test_the_tables_of_the_page_are_those_of_python() -> None:
    assert generate.TABLES.read_text(encoding="utf-8") == generate.typescript(), (
        "run python -m splatavatar.viewer.generate"
    )


def test_the_tables_of_its_camera_and_microphone_are_those_of_python() -> None:
    assert generate_drive.TABLES.read_text(encoding="utf-8") == generate_drive.typescript(), (
        "run python -m splatavatar.viewer.generate_drive"
    )
