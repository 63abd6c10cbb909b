"""Data flows one way through the package, and so do its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "splatavatar"
FOUNDATION = {
    "errors",
    "output",
    "input",
    "arrays",
    "folders",
    "printable",
    "natural",
    "interrupts",
    "locks",
    "privacy",
    "media",
    "pictures",
    "page",
}
STAGES = ("rig", "gaussians", "render", "avatar", "capture", "bake")
MAY_IMPORT = {
    **{stage: {*STAGES[: position + 1], *FOUNDATION} for position, stage in enumerate(STAGES)},
    "drive": {"rig", "gaussians", "render", "avatar", "capture", "drive", *FOUNDATION},
    "doctor": {"rig", "gaussians", "render", "avatar", "capture", "drive", "doctor", *FOUNDATION},
    "viewer": {"rig", "gaussians", "render", "avatar", "capture", "drive", "viewer", *FOUNDATION},
    "cli": {*STAGES, "drive", "doctor", "viewer", "cli", "", *FOUNDATION},
    "errors": {"errors"},
    "output": {"errors", "output"},
    "input": {"errors", "input", "printable"},
    "arrays": {"errors", "input", "arrays", "printable"},
    "folders": {"errors", "folders"},
    "printable": {"printable"},
    "natural": {"natural"},
    "privacy": {"folders", "privacy"},
    "media": {"errors", "input", "media"},
    "pictures": {"errors", "input", "output", "pictures"},
    "page": {"page", "printable"},
    "interrupts": {"interrupts"},
    "locks": {"errors", "output", "locks"},
}
RUNTIME = ("rig/rig.py", "rig/arkit.py", "gaussians", "avatar", "drive", "doctor", "viewer", "cli")
GPU = ("splatavatar.avatar.cuda_", "splatavatar.render.gpu.")
"""what draws on a GPU: imported when that is asked for"""
HEAVY = {"torch", "cv2", "av", "anny", "mediapipe", "scipy", "trimesh", "gsplat", "fastapi", "uvicorn"}

SUBPACKAGES = {path.stem for path in PACKAGE.iterdir()}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem in FOUNDATION)


def stage_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST, path: Path) -> Iterator[str]:
    """Dotted names of everything that ``tree`` imports, relative imports resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ("splatavatar", *path.relative_to(PACKAGE).parts[:-1])
            base = ".".join(above[: len(above) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module]))
            yield module
            if module == "splatavatar":
                yield from (f"splatavatar.{alias.name}" for alias in node.names if alias.name in SUBPACKAGES)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    allowed = MAY_IMPORT[stage_of(path)]
    for name in imported(ast.parse(path.read_text()), path):
        if name.startswith("splatavatar."):
            assert name.split(".")[1] in allowed, f"{path} imports {name}"


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in MODULES
        if (name := path.relative_to(PACKAGE).as_posix()).startswith(RUNTIME) and not name.startswith("avatar/cuda_")
    ],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_the_runtime_imports_nothing_heavy_at_module_level(path: Path) -> None:
    tree = ast.parse(path.read_text())
    outside = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    for name in imported(ast.Module(outside, []), path):
        assert name.split(".")[0] not in HEAVY, f"{path} imports {name} at module level"
        assert not name.startswith(GPU), f"{path} imports {name} at module level"
