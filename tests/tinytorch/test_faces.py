"""PyTorch's names lead to what is built; what is not built yet says where it is; a student's own files take precedence.

Each test runs a fresh Python on a copy of the package, as a student's server has it.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinytorch
from tinytorch.faces import builder

pytestmark = pytest.mark.service

PACKAGE = Path(tinytorch.__file__).parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A copy of the package without `layers` and `autograd`, as if these were not built yet."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(PACKAGE, site / "tinytorch", ignore=shutil.ignore_patterns("__pycache__", "files"))
    for name in ("layers", "autograd"):
        (site / "tinytorch" / "core" / f"{name}.py").unlink()
    return site


@pytest.fixture
def home(tmp_path) -> Path:
    """A student's own package, empty."""
    (tmp_path / "core").mkdir()
    return tmp_path


def python(installed: Path, code: str, home: Path | None = None) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k != "TINYTORCH_HOME"} | {"PYTHONPATH": str(installed)}
    if home:
        environment["TINYTORCH_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )


def says(result: subprocess.CompletedProcess) -> str:
    """Return the last line of a traceback."""
    assert result.returncode == 1, result
    return result.stderr.strip().splitlines()[-1]


def test_importing_the_package_runs_no_core_and_imports_no_numpy(installed):
    code = "import sys, tinytorch; print([n for n in sys.modules if n == 'numpy' or n.startswith('tinytorch.core')])"
    assert python(installed, code).stdout == "[]\n"


def test_the_core_needs_numpy_alone(installed):
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("matplotlib", "ipywidgets", "torch", "scipy", "tito", "yaml"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from tinytorch import tensor, nn, float32, manual_seed
print(nn.functional.relu(tensor([-1.0, 2.0], dtype=float32)).tolist())
"""
    assert python(installed, code).stdout == "[0.0, 2.0]\n"


@pytest.mark.parametrize(
    "code",
    [
        "from tinytorch.nn import Linear",
        "import tinytorch; tinytorch.nn.Linear",
        "from tinytorch.nn.functional import dropout",
        "from tinytorch.core.layers import Linear",
        "import tinytorch.core.layers",
    ],
)
def test_what_is_not_built_says_which_module_builds_it_and_the_command(installed, code):
    told = says(python(installed, code))
    assert told.startswith("ModuleNotFoundError")
    assert told.endswith("tinytorch.core.layers is built in module 03_layers: run `tito module start layers`")


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("from tinytorch.nn import Conv2d", "09_spatial"),
        ("from tinytorch.nn.functional import max_pool2d", "09_spatial"),
        ("from tinytorch.nn import Embedding", "11_embeddings"),
        ("from tinytorch.nn import MultiheadAttention", "12_attention"),
        ("from tinytorch.nn import Transformer", "13_transformers"),
        ("from tinytorch.nn.functional import layer_norm", "13_transformers"),
    ],
)
def test_a_word_of_a_later_tier_says_its_own_module(installed, tmp_path, code, label):
    slug = label[3:]
    shutil.copytree(installed / "tinytorch", tmp_path / "tinytorch")
    (tmp_path / "tinytorch" / "core" / f"{slug}.py").unlink()
    told = says(python(tmp_path, code))
    assert told.endswith(f"tinytorch.core.{slug} is built in module {label}: run `tito module start {slug}`")


def test_it_is_an_ordinary_import_error_for_programs(installed):
    code = "import importlib\ntry: import tinytorch.core.layers\nexcept ModuleNotFoundError as e: print(e.name)"
    assert python(installed, code).stdout == "tinytorch.core.layers\n"


def test_a_word_that_nobody_builds_suggests_others(installed):
    told = python(installed, "import tinytorch; tinytorch.nn.Liner").stderr
    assert "tinytorch.nn has no 'Liner': did you mean Linear" in told
    assert "cannot import name 'Liner'" in says(python(installed, "from tinytorch.nn import Liner"))


def test_a_module_of_ones_own_that_lacks_a_name_says_where_to_put_it(installed, home):
    (home / "core" / "layers.py").write_text("class Module: pass\n")
    told = says(python(installed, "from tinytorch.nn import Linear", home))
    assert f"tinytorch.nn.Linear is missing in {home / 'core' / 'layers.py'}" in told
    assert "`tito module complete layers`" in told


def test_ones_own_file_comes_before_the_installed_one_and_the_rest_works_with_it(installed, home):
    text = (PACKAGE / "core" / "tensor.py").read_text()
    (home / "core" / "tensor.py").write_text(text.replace("return a + b", "return a + b + 1000"))
    code = (
        "from tinytorch import Tensor, nn; x = Tensor([-1.0, 2.0]); "
        "print((x + x).tolist(), nn.functional.relu(x).tolist())"
    )
    assert python(installed, code, home).stdout == "[998.0, 1004.0] [0.0, 2.0]\n"
    assert python(installed, code).stdout == "[-2.0, 4.0] [0.0, 2.0]\n"


def test_a_home_without_files_changes_nothing(installed, tmp_path):
    result = python(installed, "from tinytorch import Tensor; print(Tensor([1.0]))", tmp_path / "nowhere")
    assert (result.stdout, result.stderr) == ("Tensor([1.])\n", "")


def test_the_recorder_is_installed_as_soon_as_autograd_exists(installed, home):
    code = "from tinytorch import Tensor; x = Tensor([2.0], requires_grad=True); (x * 3).backward(); print(x.grad)"
    assert "built in module 05_autograd: run `tito module start autograd`" in says(python(installed, code, home))
    (home / "core" / "autograd.py").write_text(
        "from tinytorch.core.tensor import Tensor\n"
        "def record(call, out): out.grad_fn = call\n"
        "def backpropagate(tensor, gradient): tensor.grad_fn.inputs[0].grad = Tensor([3.0])\n"
    )
    assert python(installed, code, home).stdout == "Tensor([3.])\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def record(call, out:\n    pass\n", "line 1: SyntaxError"),
        ("x = 1\ny = 1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("import scipy_of_dreams\n", "line 1: ModuleNotFoundError: No module named 'scipy_of_dreams'"),
        (
            "def record(call, out): pass\n",
            "AttributeError: module 'tinytorch.core.autograd' has no attribute 'backpropagate'",
        ),
    ],
)
def test_a_broken_autograd_is_a_clear_warning_and_not_a_dead_package(installed, home, text, why):
    (home / "core" / "autograd.py").write_text(text)
    code = "from tinytorch import Tensor; x = Tensor([2.0], requires_grad=True); print((x * 3).tolist()); x.backward()"
    result = python(installed, code, home)
    assert result.stdout == "[6.0]\n"
    warning, last = result.stderr.splitlines()[0], result.stderr.strip().splitlines()[-1]
    for message in (warning, last):
        assert "core/autograd.py cannot be used, so there are no gradients: " in message
        assert why in message
        assert "`tito module complete autograd`" in message
    assert "UserWarning" in warning
    assert last.startswith("NotImplementedError")


def test_a_broken_tensor_is_shown_where_it_is_broken(installed, home):
    (home / "core" / "tensor.py").write_text("import numpy as np\n\nnp.no_such_thing\n")
    result = python(installed, "from tinytorch import Tensor", home)
    assert f'File "{home / "core" / "tensor.py"}", line 3' in result.stderr
    assert "core/tensor.py fails: AttributeError: module 'numpy' has no attribute 'no_such_thing'" in says(result)


def test_a_checkout_that_was_not_exported_says_how_to(installed, tmp_path):
    shutil.copytree(installed / "tinytorch", tmp_path / "tinytorch")
    (tmp_path / "tinytorch" / "core" / "curriculum.json").unlink()
    assert "`tito export --all`" in says(python(tmp_path, "from tinytorch import Tensor"))


def test_a_worker_has_no_curriculum_and_an_absent_module_is_simply_absent(installed, tmp_path):
    shutil.copytree(installed / "tinytorch", tmp_path / "tinytorch")
    (tmp_path / "tinytorch" / "core" / "curriculum.json").unlink()
    result = python(tmp_path, "from tinytorch.core.tensor import Tensor; print(Tensor([1.0]) * 2)")
    assert (result.stdout, result.stderr) == ("Tensor([2.])\n", "")
    assert says(python(tmp_path, "import tinytorch.core.layers")) == (
        "ModuleNotFoundError: No module named 'tinytorch.core.layers'"
    )


FACES = ["", "nn", "nn.functional", "nn.utils", "training", "optim", "optim.lr_scheduler", "data", "profiling"]


@pytest.mark.parametrize("face", [f"tinytorch.{name}".rstrip(".") for name in FACES])
def test_every_word_of_a_face_is_built_by_exactly_one_module(face):
    modules = json.loads((PACKAGE / "core" / "curriculum.json").read_text())["modules"]
    package = importlib.import_module(face)
    for word, name in package.WORDS.items():
        assert [m["slug"] for m in modules if name in m["exports"]] == [builder(name)["slug"]]
        assert getattr(package, word) is not None
        assert word in dir(package)


def test_dtypes_are_strings_in_pytorchs_spelling():
    assert [tinytorch.float32, tinytorch.float64, tinytorch.int32, tinytorch.bool] == [
        "float32",
        "float64",
        "int32",
        "bool",
    ]


@pytest.mark.parametrize("module", ["jit", "nn.utils.rnn", "utils.tensorboard"])
def test_a_module_of_pytorch_that_is_not_here_says_what_to_use_instead(installed, module):
    place, _, word = f"tinytorch.{module}".rpartition(".")
    assert f"{place} has no '{word}', which PyTorch has. Use instead: " in says(
        python(installed, f"import tinytorch.{module}")
    )
