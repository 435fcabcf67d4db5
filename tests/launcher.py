"""The launcher as a module: it has no extension, so that `import` cannot find it."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def load_launcher() -> ModuleType:
    if loaded := sys.modules.get("openetd_launcher"):
        return loaded
    loader = SourceFileLoader("openetd_launcher", str(ROOT / "openetd"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module
