"""`tito test integration`: the reference passes, and every test can fail."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.source.export import export_all

from tinytorch.integration.run import TESTS  # import it so that all tests are known

pytestmark = pytest.mark.service

ROOT = Path(__file__).resolve().parents[2]
READY = [module.slug for module in load_curriculum(ROOT / "course").written]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    core = tmp_path_factory.mktemp("reference") / "core"
    export_all(ROOT / "course", core)
    return core


def results(home: Path, ready: Sequence[str] = READY) -> dict[str, dict]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tinytorch.integration", *ready],
        env=os.environ | {"TINYTORCH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return {row["name"]: row for row in json.loads(done.stdout)}


def test_the_reference_passes_all_tests_of_written_modules(reference: Path):
    found = results(reference.parent)
    assert {name: row["why"] for name, row in found.items() if not row["passed"]} == {}
    assert set(found) == {name for name, test in TESTS.items() if set(test.needs) <= set(READY)}
    assert set(found) == {name for name, (slug, _) in FAULTS.items() if slug in READY}, "a test has no fault to find"


# A fault in one module, as a student might make it, and the test that must find it.
FAULTS = {
    "activations_keep_shape_and_dtype": ("activations", "def tanh(x):\n    return x.reshape(-1)"),
    "softmax_rows_are_probabilities": ("activations", "def softmax(x, dim=-1):\n    return x"),
    "sequential_is_its_layers_in_order": ("layers", "Sequential.forward = lambda self, x: x"),
    "parameters_of_nested_modules_are_found": ("layers", "Module.parameters = lambda self: iter([])"),
    "state_moves_from_model_to_model": ("layers", "Module.load_state_dict = lambda self, state: None"),
    "a_shift_moves_the_map": (
        "spatial",
        "def conv2d_with_bias(x, weight, bias=None, stride=1, padding=0):\n"
        "    return Tensor(np.arange(108.0).reshape(1, 3, 6, 6))",
    ),
    "equal_logits_cost_log_of_classes": ("losses", "def cross_entropy(logits, target):\n    return logits.sum()"),
    "gradients_reach_every_parameter": ("autograd", "def backpropagate(tensor, gradient=None):\n    pass"),
    "gradient_of_a_weight_is_its_slope": (
        "autograd",
        "_right = backpropagate\n"
        "def backpropagate(tensor, gradient=None):\n    _right(tensor, type(tensor)(tensor.data * 0 + 3.0))",
    ),
    "training_lowers_the_loss": ("optimizers", "SGD.step = lambda self: None"),
    "two_layers_learn_exclusive_or": ("activations", "def tanh(x):\n    return x"),
    "a_saved_training_continues_to_the_same_bits": (
        "optimizers",
        "Optimizer.load_state_dict = lambda self, saved: None",
    ),
    "an_epoch_sees_every_sample_once": (
        "dataloader",
        "def shuffled_order(n):\n    return generator().integers(0, n, size=n)",
    ),
    "clipping_keeps_the_direction": (
        "training",
        "def clip_grad_norm_(parameters, max_norm):\n    return 0.0",
    ),
    "a_trainer_learns_and_continues_to_the_same_bits": (
        "training",
        "def restore_trainer(trainer, state):\n"
        "    trainer.model.load_state_dict(state['model'])\n"
        "    trainer.epoch = 5",
    ),
    "a_text_comes_back_from_its_tokens": (
        "tokenization",
        "def decode(ids, merges):\n    return bytes(i % 256 for i in ids).decode('latin-1')",
    ),
    "a_table_learns_which_letter_follows": (
        "embeddings",
        "@rule('embedding')\ndef last_one_wins(grad, out, ids, weight, padding_idx=None):\n    return None, 0 * weight",
    ),
    "nothing_comes_from_the_future": (
        "attention",
        "def causal_mask(queries, keys=None):\n    return np.zeros((queries, keys or queries), dtype=bool)",
    ),
    "one_head_learns_to_reverse": (
        "attention",
        "def attention_weights(q, k, mask=None):\n    return softmax(q @ k.transpose(-2, -1) * 0.0)",
    ),
    "a_transformer_reads_nothing_from_the_future": (
        "transformers",
        "_right = MultiHeadAttention\ndef MultiHeadAttention(dim, heads, causal=False):\n    return _right(dim, heads)",
    ),
    "a_transformer_writes_what_it_learnt": (
        "transformers",
        "def transformer_block(x, norm1, attention, norm2, mlp):\n    return x + mlp(norm2(x))",
    ),
    "a_layer_on_a_grid_learns_through_the_rounding": (
        "quantization",
        "@rule('fake_quantize')\n"
        "def no_blame(grad, out, x, scale=1.0, zero_point=0, first=-128, last=127):\n    return (0 * grad,)",
    ),
    "a_model_in_bytes_is_smaller_and_says_nearly_the_same": (
        "quantization",
        "def dequantize(q, scale, zero_point=0):\n    return q.astype('float32')",
    ),
    "a_pruned_model_stays_pruned_while_it_learns": (
        "compression",
        "def pruning_mask(weight, sparsity):\n    return np.arange(weight.size).reshape(weight.shape) % 2 == 0",
    ),
    "dropping_silent_units_changes_nothing": (
        "compression",
        "def row_importance(weight):\n    return -np.abs(weight).sum(axis=1)",
    ),
    "a_text_in_pieces_scores_as_the_whole": (
        "kvcaching",
        "def read_on(model, ids, caches):\n    return model(Tensor(ids[:, len(caches[0]) :]), caches=caches)",
    ),
    "a_cache_changes_no_letter": (
        "kvcaching",
        "def sample_next(scores, u, temperature, top_k):\n    return int(scores.argmin())",
    ),
    "accelerated_training_goes_where_the_other_goes": (
        "acceleration",
        "@rule('gelu/blocks')\ndef gelu_in_blocks_rule(grad, out, a):\n    return grad * out[0]",
    ),
    "adam_in_place_gives_the_same_bits_and_resumes": (
        "acceleration",
        "def adam_in_place(p, g, m, v, t, lr, betas, eps):\n"
        "    m *= betas[0]\n"
        "    m += (1 - betas[0]) * g\n"
        "    p -= lr * m\n"
        "    return p, m, v\n\n\n"
        "register_implementation('adam_step', 'in_place', adam_in_place)",
    ),
    "a_watched_training_goes_to_the_same_bits": (
        "profiling",
        "def profile_calls(run, clock=time.perf_counter):\n"
        "    before = RECORDER.record\n"
        "    set_recorder(lambda call, out: None, RECORDER.backward)\n"
        "    try:\n"
        "        run()\n"
        "    except RuntimeError:\n"
        "        pass\n"
        "    finally:\n"
        "        set_recorder(before, RECORDER.backward)\n"
        "    return []",
    ),
    "a_model_costs_what_its_shapes_say": (
        "profiling",
        "def flops_of_call(call):\n    return result_of(call).size",
    ),
    "more_layers_are_slower_on_a_clock_that_counts_them": (
        "benchmarking",
        "def verdict(times, baseline, worth=0.01, level=0.95):\n    return 'slower'",
    ),
    "a_steady_drift_is_no_difference": (
        "benchmarking",
        "def interleave(candidates, rounds, clock):\n"
        "    times = {}\n"
        "    for name, run in candidates.items():\n"
        "        readings = [clock()]\n"
        "        for _ in range(2 * rounds):\n"
        "            run()\n"
        "            readings.append(clock())\n"
        "        times[name] = list(np.diff(readings))\n"
        "    return times",
    ),
    "an_entry_says_what_its_model_says": (
        "olympics",
        "def validate_entry(wanted, arrays):\n    return {}",
    ),
    "a_recipe_is_repeated_to_the_same_bits": (
        "olympics",
        "def seed_of(seed, name, before):\n    return int(np.random.default_rng().integers(1000))",
    ),
}


def test_every_test_is_shown_to_be_able_to_fail():
    assert set(TESTS) == set(FAULTS)


@pytest.mark.parametrize("name", [name for name, (slug, _) in FAULTS.items() if slug in READY])
def test_a_fault_is_found(reference: Path, tmp_path: Path, name: str):
    slug, fault = FAULTS[name]
    shutil.copytree(reference, tmp_path / "core")
    with (tmp_path / "core" / f"{slug}.py").open("a") as file:
        file.write(f"\n\n{fault}\n")
    found = results(tmp_path, TESTS[name].needs)  # the others that these modules are ready for are few
    assert not found[name]["passed"]
    assert found[name]["why"]


def test_an_exit_in_a_completed_module_is_told(completed_tensor, tito):
    completed_tensor("raise SystemExit\n")
    answer = tito("test", "integration")
    assert answer.code == 1
    assert "SystemExit" in answer.out + answer.err or "ended without a result" in answer.err


@pytest.fixture
def completed_tensor(reference: Path, workspace):
    """A home whose modules are complete; the code given is added to the first."""

    def complete(code: str) -> None:
        shutil.copytree(reference, workspace.core)
        with (workspace.core / "tensor.py").open("a") as file:
            file.write(code)

    return complete


def test_the_command_says_what_passed(completed_tensor, tito):
    completed_tensor("")
    answer = tito("test", "integration")
    assert answer.code == 0, answer.out
    assert "passed  Sequential gives what its layers give one after another" in answer.out
    assert all(row["passed"] for row in tito("test", "integration", "--json").json)


def test_without_modules_there_is_nothing_to_test(workspace, tito):
    assert "Nothing to test yet" in tito("test", "integration").out
