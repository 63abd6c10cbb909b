from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

import pytest

import splatavatar
from splatavatar.folders import cache_folder, config_folder, data_folder
from splatavatar.kept.kinds import KINDS, MODELS, PERSONAL, _capture

PACKAGE = Path(splatavatar.__file__).parent
FOLDERS = {function.__name__: function for function in (cache_folder, data_folder, config_folder)}
ABOUT_ALL = {
    "kept/kinds.py",  # what declares them
    "kept/use.py",  # whether a path lies in the cache
    "cli/cache.py",
}
"""files that mean a folder itself, and keep nothing in it"""


def entries(source: str) -> Iterator[tuple[str, str | None]]:
    """The folder of each call and the name that is put after it, ``*`` for what is computed; None for no name."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for scope in (tree, *functions):
        nodes = list(within(scope))
        named = {
            node.targets[0].id: call
            for node in nodes
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and (call := called(node.value))
        }
        # Where it is given a name, what is put after the name counts.
        passed = {id(node.value) for node in nodes if isinstance(node, ast.Assign)}
        for node in nodes:
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                base = called(node.left) or (named.get(node.left.id) if isinstance(node.left, ast.Name) else None)
                if base is not None:
                    passed.add(id(node.left))
                    yield base, spelled(node.right)
        yield from ((call, None) for node in nodes if (call := called(node)) and id(node) not in passed)


def within(scope: ast.AST) -> Iterator[ast.AST]:
    """What is in a function or a module, but in no function in it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef):
            yield node
            yield from within(node)


def called(node: ast.AST) -> str | None:
    """The name of the function that a call is of, if it is of one of ``FOLDERS``."""
    name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    return name if name in FOLDERS else None


def spelled(node: ast.AST) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)


def is_known(folder: str, entry: str) -> bool:
    """Whether a kind has that entry; what is computed in it may be anything."""
    of = [kind.entry for kind in KINDS if kind.base is FOLDERS[folder]]
    return any(fnmatch.fnmatchcase(entry, known) or fnmatch.fnmatchcase(known, entry) for known in of)


def test_nothing_is_kept_that_is_not_declared() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        for folder, entry in entries(path.read_text("utf-8")):
            if entry is not None:
                assert is_known(folder, entry), f"{where} keeps {entry} in {folder}(): kept/kinds.py does not say so"
                found.append((folder, entry))
            else:
                assert where in ABOUT_ALL or where == "privacy.py", f"{where} uses {folder}() as a whole"
    for kind in KINDS:  # and nothing is declared that nobody keeps
        if kind.base in FOLDERS.values():
            assert any(
                FOLDERS[folder] is kind.base and is_known(folder, entry) and fnmatch.fnmatchcase(kind.entry, entry)
                for folder, entry in found
            ), kind


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("p = cache_folder() / 'captures' / name", [("cache_folder", "captures")]),
        ("p = folders.data_folder() / f'a-{b}.npz'", [("data_folder", "a-*.npz")]),
        ("f = config_folder()\nq = f / 'key'", [("config_folder", "key")]),
        ("a, b = cache_folder() / 'x', 1", [("cache_folder", "x")]),
        ("def f():\n    return cache_folder()", [("cache_folder", None)]),
        ("open(data_folder())", [("data_folder", None)]),
        ("f = g or data_folder() / 'y'", [("data_folder", "y")]),
    ],
)
def test_how_sources_are_read(source: str, expected: list[tuple[str, str | None]]) -> None:
    assert list(entries(source)) == expected


def test_what_is_not_declared_is_found() -> None:
    assert not is_known("cache_folder", "faces")
    assert not is_known("config_folder", "captures")
    assert is_known("cache_folder", "*-*-anny*-v*.npz")


def test_every_kind_is_of_a_group_and_says_what_it_is() -> None:
    assert {kind.group for kind in KINDS} == {*PERSONAL, MODELS}
    assert all(kind.what for kind in KINDS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("me-0123456789abcdef", "pictures, landmarks, mattes and motion of me"),
        ("my-clip-0123456789abcdef-mattes", "mattes of my-clip"),
        ("me-0123456789abcdef.npz", "the motion of the head in me"),
        ("whatever", "of footage: whatever"),
    ],
)
def test_what_is_prepared_says_of_which_footage(name: str, said: str) -> None:
    assert _capture(name) == said
