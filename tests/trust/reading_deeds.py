"""Reads from the program's own text which deeds there are and what each asks before it writes (RELIABILITY C2)."""

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infusion_desktop.access.roles import Permission

ROOT = Path(__file__).parents[2] / "infusion_desktop"
NOT_ROOMS = {"desktop", "demonstration", "migrations"}
WRITES = {"add", "add_all", "delete", "merge", "record", "record_view", "flush"}


@dataclass(frozen=True)
class Asked:
    """What a function asks, and whether it writes anything before it does."""

    permissions: frozenset[Permission]
    wrote_first: bool


@cache
def module_of(name: str) -> ast.Module:
    return ast.parse((ROOT.parent / (name.replace(".", "/") + ".py")).read_text(encoding="utf-8"))


@cache
def functions_of(name: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in module_of(name).body if isinstance(node, ast.FunctionDef)}


@cache
def imported_by(name: str) -> dict[str, tuple[str, str]]:
    """Names a module imports from the program: the module they come from and their name there ("" for a module)."""
    found = {}
    for node in ast.walk(module_of(name)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("infusion_desktop"):
            for each in node.names:
                inner = f"{node.module}.{each.name}"
                is_module = (ROOT.parent / (inner.replace(".", "/") + ".py")).exists()
                found[each.asname or each.name] = (inner, "") if is_module else (node.module or "", each.name)
    return found


def deeds() -> dict[str, tuple[str, ast.FunctionDef]]:
    """Every public function whose first parameter is the database, or its place, and that knows who does it."""
    found = {}
    for file in sorted(ROOT.rglob("*.py")):
        if NOT_ROOMS & set(file.parts):
            continue
        name = ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)
        for function, node in functions_of(name).items():
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            if not function.startswith("_") and names[:1] in (["database"], ["place"]) and "by" in names:
                found[f"{name.removeprefix('infusion_desktop.')}.{function}"] = (name, node)
    return found


def asked(module: str, node: ast.FunctionDef, seen: frozenset[str] = frozenset()) -> Asked:
    """What a deed asks itself, or else what the first helpers that ask do; empty when nobody asks."""
    calls = sorted(
        (each for each in ast.walk(node) if isinstance(each, ast.Call)), key=lambda call: (call.lineno, call.col_offset)
    )
    own = [call for call in calls if _name(call) == "authorize"]
    before = [call for call in calls if own and call.lineno < own[0].lineno and _name(call) in WRITES]
    if own:
        return Asked(frozenset().union(*(_permissions(module, node, call) for call in own)), bool(before))
    found: set[Permission] = set()
    wrote = False
    for call in calls:
        target = _target(module, call)
        if target is None:
            wrote = wrote or (not found and _name(call) in WRITES)
            continue
        where, function = target
        key = f"{where}.{function.name}"
        if key in seen:
            continue
        inner = asked(where, function, seen | {key})
        given = _given(module, node, function, call)
        found |= inner.permissions | given
        if found and inner.wrote_first:
            return Asked(frozenset(found), True)
    return Asked(frozenset(found), wrote and bool(found))


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _target(module: str, call: ast.Call) -> tuple[str, ast.FunctionDef] | None:
    if isinstance(call.func, ast.Name):
        name = call.func.id
        if name in functions_of(module):
            return module, functions_of(module)[name]
        where, there = imported_by(module).get(name, ("", ""))
        if there and there in functions_of(where):
            return where, functions_of(where)[there]
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        where, there = imported_by(module).get(call.func.value.id, ("", "x"))
        if not there and call.func.attr in functions_of(where):
            return where, functions_of(where)[call.func.attr]
    return None


def _given(module: str, node: ast.FunctionDef, helper: ast.FunctionDef, call: ast.Call) -> set[Permission]:
    """Permissions handed to a helper that asks for the one it is given."""
    takes = {each.arg for each in (*helper.args.args, *helper.args.kwonlyargs)}
    asks = [each for each in ast.walk(helper) if isinstance(each, ast.Call) and _name(each) == "authorize"]
    if not any(isinstance(each.args[2], ast.Name) and each.args[2].id in takes for each in asks):
        return set()
    every = (*call.args, *(each.value for each in call.keywords))
    return {one for each in every if "Permission." in ast.unparse(each) for one in _named(each)}


def _permissions(module: str, node: ast.FunctionDef, call: ast.Call) -> set[Permission]:
    asks = call.args[2]
    named = _named(asks)
    if not named and isinstance(asks, ast.Subscript) and isinstance(asks.value, ast.Name):
        table: Any = getattr(importlib.import_module(module), asks.value.id)
        return set(table.values())
    if not named and isinstance(asks, ast.Name):
        for each in ast.walk(node):  # A local name: what is assigned to it in this function.
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == asks.id:
                named |= _named(each.value)
    return named


def _named(node: ast.AST) -> set[Permission]:
    return {
        Permission[each.attr]
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and ast.unparse(each.value).endswith("Permission")
    }
