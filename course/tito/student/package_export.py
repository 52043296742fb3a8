"""Pack the student's own framework into a wheel that needs only numpy: their modules, and the rest that is here.

Promises: it contains nothing that this environment doesn't have, so no reference solutions except those of modules
that come prebuilt; the same home gives the same bytes; none of the student's code is run.
"""

import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

from tito.curriculum import JSON_NAME, Curriculum, find_course, installed_core
from tito.errors import TitoError
from tito.student.exported_files import MOST_MODULE_BYTES, OWN, PACKAGE, VERSION_ENDS, code_of
from tito.student.progress import CHANGED, progress_of
from tito.student.wheel import About, wheel_bytes
from tito.workspace import Workspace

NOT_PACKED = {"__pycache__", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Packed:
    """A wheel in memory; modules by slug: the student's own, prebuilt ones, own ones whose notebook has changed."""

    file_name: str
    content: bytes
    own: tuple[str, ...]
    prebuilt: tuple[str, ...]
    changed: tuple[str, ...]


def pack(workspace: Workspace, curriculum: Curriculum) -> Packed:
    """Make the wheel in memory."""
    own = {m.slug: _own_code(workspace, m.slug) for m in curriculum.written if workspace.exported(m.slug).is_file()}
    if not own:
        raise TitoError(f"{workspace.core} has no module of yours to export: tito module complete NAME puts one there.")
    prebuilt = {slug: code for slug, code in _prebuilt(curriculum).items() if slug not in own}
    about = _about()
    core = {JSON_NAME: json.dumps(curriculum.to_json(), indent=1, ensure_ascii=False).encode() + b"\n"}
    core |= {f"{slug}.py": code for slug, code in (own | prebuilt).items()}
    files = _rooms() | {f"{PACKAGE}/core/{name}": content for name, content in core.items()}
    files[f"{about.folder}/{OWN}"] = json.dumps({"modules": list(own)}, indent=1).encode() + b"\n"
    changed = [slug for slug in own if progress_of(workspace, curriculum.find(slug)).state == CHANGED]
    return Packed(about.file_name, wheel_bytes(about, files), tuple(own), tuple(prebuilt), tuple(changed))


def _own_code(workspace: Workspace, slug: str) -> bytes:
    """Read a module; one that an import would refuse is refused here, where it can be fixed."""
    path = workspace.exported(slug)
    if path.stat().st_size > MOST_MODULE_BYTES:
        raise TitoError(
            f"{path} has {path.stat().st_size:,} bytes; a module may have {MOST_MODULE_BYTES:,}: move what is not code "
            f"into a file next to the notebook, then run tito module complete {slug}."
        )
    content = path.read_bytes()
    code_of(content, str(path))
    return content


def _prebuilt(curriculum: Curriculum) -> dict[str, bytes]:
    """Read the modules that came with the environment; in a checkout these are the reference, and are left out."""
    if find_course() is not None:
        return {}
    found = {module.slug: installed_core() / f"{module.slug}.py" for module in curriculum.written}
    return {slug: path.read_bytes() for slug, path in found.items() if path.is_file()}


def _rooms() -> dict[str, bytes]:
    """Read all of the framework that students don't build, by its name in a wheel."""
    package = installed_core().parent
    files = {path.relative_to(package): path for path in sorted(package.rglob("*")) if path.is_file()}
    return {f"{PACKAGE}/{name.as_posix()}": path.read_bytes() for name, path in files.items() if _is_packed(name)}


def _is_packed(name: Path) -> bool:
    if NOT_PACKED & set(name.parts):
        return False
    return name.parts[0] != "core" or name.name == "__init__.py"


def _about() -> About:
    told = importlib.metadata.metadata(PACKAGE)
    needs = tuple(need for need in told.get_all("Requires-Dist") or () if "extra ==" not in need)
    version = f"{told['Version'].partition('+')[0]}{VERSION_ENDS}"
    return About(PACKAGE, version, "TinyTorch, with your own modules", told["Requires-Python"], needs)
