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
    "array_types",
    "arrays",
    "folders",
    "printable",
    "natural",
    "interrupts",
    "locks",
    "kept",
    "privacy",
    "media",
    "pictures",
    "sounds",
    "page",
    "gltf",
    "progress",
    "extras",
    "png",
    "rotations",
    "torch_rotations",
    "models",
    "plugins",
    "pickles",
    "zips",
}
STAGES = ("rig", "gaussians", "render", "avatar", "trust", "capture", "drive", "bake")
MAY_IMPORT = {
    **{stage: {*STAGES[: position + 1], *FOUNDATION} for position, stage in enumerate(STAGES)},
    "doctor": {"rig", "gaussians", "render", "avatar", "capture", "drive", "doctor", *FOUNDATION},
    "viewer": {"rig", "gaussians", "render", "avatar", "trust", "capture", "drive", "viewer", *FOUNDATION},
    "serve": {*STAGES, "viewer", "serve", *FOUNDATION},
    "cli": {*STAGES, "doctor", "viewer", "serve", "cli", "", *FOUNDATION},
    "errors": {"errors"},
    "output": {"errors", "output"},
    "input": {"errors", "input", "printable"},
    "array_types": {"array_types"},
    "pickles": {"array_types", "printable", "pickles"},
    "arrays": {"errors", "input", "arrays", "printable", "zips"},
    "folders": {"errors", "folders"},
    "printable": {"printable"},
    "natural": {"natural"},
    "progress": {"progress"},
    "extras": {"errors", "extras"},
    "png": {"png"},
    "privacy": {"folders", "privacy"},
    "media": {"extras", "errors", "input", "media"},
    "pictures": {"array_types", "extras", "png", "errors", "input", "output", "pictures"},
    "sounds": {"array_types", "errors", "media", "sounds"},
    "page": {"page", "printable"},
    "gltf": {"array_types", "output", "gltf"},
    "interrupts": {"interrupts"},
    "locks": {"errors", "output", "locks"},
    "kept": {"errors", "folders", "output", "kept"},
    "plugins": {"errors", "extras", "plugins"},
    "models": {"errors", "folders", "input", "output", "models"},
    "zips": {"zips"},
    "rotations": {"array_types", "rotations"},
    "torch_rotations": {"torch_rotations"},
}
RUNTIME = ("rig/rig.py", "rig/arkit.py", "gaussians", "avatar", "trust", "drive", "doctor", "viewer", "serve", "cli")
TORCH_FILES = ("avatar/renderers/cuda_", "avatar/torch_", "gaussians/torch_")
"""what is written in torch"""
TORCH = (
    "splatavatar.avatar.renderers.cuda_",
    "splatavatar.avatar.torch_",
    "splatavatar.render.gpu.",
    "splatavatar.gaussians.torch_",
    "splatavatar.torch_",
)
"""what draws on a GPU or is differentiable: imported when that is asked for"""
HEAVY = {
    "torch",
    "cv2",
    "av",
    "anny",
    "mediapipe",
    "scipy",
    "trimesh",
    "gsplat",
    "fastapi",
    "uvicorn",
    "livekit",
    "pipecat",
    "ray",
}
FRAMEWORKS = {"serve/livekit/": {"livekit"}, "serve/pipecat/": {"pipecat"}}
"""folders that derive classes of a framework of voice agents, which is imported when they are used"""

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


def dotted(path: Path) -> str:
    """The name of a module below the package; of an ``__init__.py`` its folder's, of the package itself nothing."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files_imported(path: Path, names: set[str]) -> set[str]:
    """Which of the modules ``names`` the file ``path`` imports, wherever in it the statement stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        for name in imported(ast.Module([node], []), path):  # type: ignore[list-item]
            if name.split(".")[0] != "splatavatar":
                continue
            module = name.partition(".")[2]
            # ``from a.folder import file`` imports the file, and the folder only for another name.
            inner = [f"{module}.{alias.name}".lstrip(".") for alias in node.names]
            inner = inner if isinstance(node, ast.ImportFrom) else [module]
            found |= {one if one in names else module for one in inner}
    return (found & names) - {dotted(path)}


def circles(imports: dict[str, set[str]]) -> set[frozenset[str]]:
    """The sets of two or more modules each of which imports, by way of others, each other one."""
    reach = {name: set(imported) for name, imported in imports.items()}
    changed = True
    while changed:
        changed = False
        for of in reach.values():
            more = set().union(*(reach[name] for name in of)) - of if of else set()
            of |= more
            changed |= bool(more)
    return {frozenset(other for other in of if name in reach[other]) for name, of in reach.items() if name in of}


def test_no_files_import_one_another_in_a_circle() -> None:
    paths = {dotted(path): path for path in PACKAGE.rglob("*.py")}
    # The package names its public API and imports it when it is used; nobody inside may ask it.
    del paths[""]
    found = circles({name: files_imported(path, set(paths)) for name, path in paths.items()})
    assert found == set()


def test_a_circle_is_found_however_long_it_is() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}
    assert circles(imports) == {frozenset("abc")}


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
        if (name := path.relative_to(PACKAGE).as_posix()).startswith(RUNTIME) and not name.startswith(TORCH_FILES)
    ],
    ids=lambda path: path.relative_to(PACKAGE).as_posix(),
)
def test_the_runtime_imports_nothing_heavy_at_module_level(path: Path) -> None:
    tree = ast.parse(path.read_text())
    outside = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    within = path.relative_to(PACKAGE).as_posix()
    allowed = set().union(*(names for folder, names in FRAMEWORKS.items() if within.startswith(folder)))
    for name in imported(ast.Module(outside, []), path):
        assert name.split(".")[0] not in HEAVY - allowed, f"{path} imports {name} at module level"
        assert not name.startswith(TORCH), f"{path} imports {name} at module level"
