"""Files that pretend to be Olympics entries gain nothing and stop nothing: each is refused with a reason."""

import io
import json
import pickle
import stat
import struct
import subprocess
import sys
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinytorch.core import olympics as core
from tinytorch.olympics import measure_entry, read_archive, read_rules

LIMITS = read_rules()["entries"]
WORDS = "flatten, linear 64 12, relu, linear 12 10"
IMAGES = np.random.default_rng(0).uniform(size=(120, 8, 8)).astype("float32")
LABELS = np.random.default_rng(1).integers(0, 10, size=120)
MOST_MEMORY = 12_000_000  # most bytes that a refusal may use, whatever the file claims


def honest(**changed):
    """Return the arrays of an honest entry with some of them changed; None leaves one out."""
    rng = np.random.default_rng(2)
    arrays = {
        "architecture": words(WORDS),
        "1.weight": rng.normal(size=(12, 64)).astype("float32"),
        "1.bias": rng.normal(size=12).astype("float32"),
        "3.weight": rng.normal(size=(10, 12)).astype("float32"),
        "3.bias": rng.normal(size=10).astype("float32"),
    }
    arrays |= {name.replace("_", "."): value for name, value in changed.items()}
    return {name: array for name, array in arrays.items() if array is not None}


def words(text):
    return np.frombuffer(text.encode(), dtype="uint8")


def npz(arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(text, content=b"", version=1):
    """Write an array file with any text as its description."""
    line = text.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(line)) + line + content


def zipped(members, kind=zipfile.ZIP_DEFLATED):
    """Write an archive of (name, bytes), unchecked."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about duplicate names
        for member, content in members:
            archive.writestr(member, content)
    return file.getvalue()


def with_member(name, content, **arrays):
    """Write an honest entry and one more file."""
    return zipped([(f"{key}.npy", npy(array)) for key, array in honest(**arrays).items()] + [(name, content)])


def with_array_file(name, content):
    """Write an honest entry in which one array's file is replaced."""
    members = [(f"{key}.npy", npy(array)) for key, array in honest().items() if key != name]
    return zipped([*members, (f"{name}.npy", content)])


def link(name, target="/etc/passwd", mode=stat.S_IFLNK):
    member = zipfile.ZipInfo(name)
    member.external_attr = (mode | 0o777) << 16
    return with_member(member, target)


def patched(content, what, by, count=-1):
    """Replace bytes of a file without changing its length."""
    assert what in content and len(what) == len(by)
    return content.replace(what, by, count)


def claiming(size):
    """Claim another unpacked size for the first array in the archive's list of files."""
    content = bytearray(npz(honest()))
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, size)
    return bytes(content)


def encrypted():
    content = bytearray(npz(honest()))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def with_number(name, value, kind="float32"):
    array = honest()[name].astype(kind)
    array.flat[5] = value
    return npz(honest() | {name: array})


def of(text, **arrays):
    """Describe a net, possibly with arrays of another one."""
    return npz(honest(architecture=words(text)) | arrays)


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("an-entry-was-run"),))


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }"
FORGED = {
    # not an archive, or a damaged one
    "nothing": (b"", "not an .npz file"),
    "a pickle": (pickle.dumps(Bomb()), "not an .npz file"),
    "a lone array": (npy(np.ones(3)), "not an .npz file"),
    "half of a file": (npz(honest())[:900], "damaged"),
    "flipped bytes": (patched(npz(honest()), npz(honest())[200:220], bytes(20), 1), "damaged"),
    "junk before the archive": (b"#!/bin/sh\n" + npz(honest()), "not an .npz file"),
    "larger than is read": (npz(honest()) + bytes(300_000), "at most 262,144"),
    "a size that isn't true, too large": (claiming(900_000), "damaged"),
    "a size that isn't true, too small": (claiming(100), "damaged"),
    "a size of 4 GB": (claiming(2**32 - 2), "unpacked"),
    "encrypted": (encrypted(), "encrypted"),
    "slow to decode": (
        zipped([(f"{n}.npy", npy(a)) for n, a in honest().items()], zipfile.ZIP_LZMA),
        "packed in a way",
    ),
    # contents
    "zeros that unpack to 16 MB": (npz(honest(extra=np.zeros(2_000_000))), "unpacked"),
    "many files that unpack to 16 MB": (npz(honest() | {f"a{n}": np.zeros(40_000) for n in range(50)}), "unpacked"),
    "a thousand arrays": (npz(honest() | {f"a{n}": np.zeros(1) for n in range(1000)}), "at most 64"),
    "an archive in the archive": (with_member("inner.npz", npz(honest())), "not the name of an array"),
    "an archive called an array": (with_member("5.weight.npy", npz(honest())), "not an array as numpy writes it"),
    "a program beside the arrays": (with_member("model.py", b"raise SystemExit"), "not the name of an array"),
    "a link": (link("link.npy"), "a link or a folder"),
    "a device": (link("null.npy", "", stat.S_IFCHR), "a link or a folder"),
    "a folder": (with_member("folder/", b""), "a link or a folder"),
    "a way out": (with_member("../../weights.npy", npy(np.ones(2))), "not the name of an array"),
    "a name of 60,000 letters": (with_member("w" * 60_000 + ".npy", npy(np.ones(2))), "not the name of an array"),
    "letters that look like others": (with_member("1.w\u0435ight.npy", npy(np.ones(2))), "not the name of an array"),
    # arrays that are not what they claim
    "objects": (npz(honest(architecture=np.array([Bomb()], dtype=object))), "contains |O"),
    "records": (npz(honest(x=np.zeros(2, dtype=[("a", "<f4")]))), "an entry contains only"),
    "float64": (npz(honest(**{"1_bias": np.zeros(12)})), "contains <f8"),
    "big-endian numbers": (npz(honest(**{"1_bias": np.zeros(12, dtype=">f4")})), "contains >f4"),
    "huge dimensions": (with_array_file("1.bias", header(HUGE % "2000000000, 2000000000")), "does not fit"),
    "a dimension of 10,000 digits": (with_array_file("1.bias", header(HUGE % ("9" * 10_000 + ","))), "at most 1000"),
    "a dimension of 900 digits": (with_array_file("1.bias", header(HUGE % ("9" * 900 + ","))), "claims the shape"),
    "a negative dimension": (with_array_file("1.bias", header(HUGE % "-12, -1", bytes(48))), "claims the shape"),
    "a dimension of 0": (npz(honest(**{"1_bias": np.zeros((0, 12), dtype="float32")})), "claims the shape"),
    "True as a dimension": (with_array_file("1.bias", header(HUGE % "True, 12", bytes(48))), "claims the shape"),
    "32 dimensions": (npz(honest(**{"1_bias": np.zeros((1,) * 31 + (12,), dtype="float32")})), "at most 4 sizes"),
    "a call as description": (with_array_file("1.bias", header("__import__('os').getcwd()")), "description"),
    "900 brackets as description": (with_array_file("1.bias", header("(" * 900)), "description"),
    "another version": (with_array_file("1.bias", header(HUGE % "12,", bytes(48), version=3)), "as numpy writes it"),
    "a description beyond the file": (with_array_file("1.bias", b"\x93NUMPY\x01\x00\xff\xff"), "description of 65,545"),
    # numbers
    "NaN": (with_number("1.weight", np.nan), "1.weight: not finite"),
    "infinity": (with_number("3.bias", -np.inf), "3.bias: not finite"),
    "NaN in two bytes": (with_number("1.bias", np.nan, "float16"), "1.bias: not finite"),
    "subnormal numbers": (with_number("1.weight", 1e-40), "closer to 0 than 1e-12"),
    "numbers whose products are subnormal": (with_number("1.weight", 1e-20), "make them 0"),
    "numbers that overflow": (with_number("1.weight", 1e30), "beyond 1,000,000"),
    # the network
    "no description": (npz(honest(architecture=None)), "no array 'architecture'"),
    "a novel as description": (of("flatten, " * 5000), "up to 1000 bytes"),
    "code as description": (of("__import__('os').system('true')"), "take one of flatten"),
    "a line break": (of("flatten\nlinear 64 10"), "characters that no word"),
    "an unknown word": (of("flatten, softmax"), "'softmax'"),
    "sizes that are no numbers": (of("flatten, linear 64 1e9"), "whole numbers"),
    "a layer of 99,999 units": (of("flatten, linear 64 99999, relu, linear 99999 10"), "more than 16,384 numbers"),
    "a layer of 10 million units": (of("flatten, linear 64 10000000"), "whole numbers"),
    "two million multiplications": (of("flatten, linear 64 9000, linear 9000 300, linear 300 10"), "multiplications"),
    "a hundred layers": (of(", ".join(["flatten"] + ["relu"] * 99)), "at most 20"),
    "a border of 99,999 pixels": (of("conv2d 1 1 3 99999, flatten, linear 64 10"), "padding"),
    "a kernel larger than the image": (of("conv2d 1 2 9 0, flatten, linear 64 10"), "kernels have 1 to 8"),
    "windows of 0": (of("maxpool 0, flatten, linear 64 10"), "windows of 0"),
    "layers that don't fit": (of("flatten, linear 64 12, relu, linear 13 10"), "it gets the shape (12,)"),
    "eleven classes": (of("flatten, linear 64 11"), "ten scores"),
    "a layer twice": (of("flatten, linear 64 12, linear 64 12, linear 12 10"), "it gets the shape (12,)"),
    "an array twice": (with_member("1.bias.npy", npy(honest()["1.bias"])), "'1.bias' twice"),
    "an array transposed": (npz(honest(**{"1_weight": honest()["1.weight"].T.copy()})), "1.weight: shape"),
    "a bias as a column": (npz(honest(**{"3_bias": np.zeros((10, 1), dtype="float32")})), "3.bias: shape"),
    "bytes without a scale": (npz(honest(**{"1_weight": np.ones((12, 64), dtype="int8")})), "1.scale: missing"),
    "a scale without bytes": (npz(honest(**{"1_scale": np.ones((12, 1), dtype="float32")})), "1.scale: unknown"),
    "a claimed accuracy": (npz(honest(accuracy=np.ones(1, dtype="float32"))), "accuracy: unknown"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_entry_is_refused_and_told_why(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, why = FORGED[what]
    tracemalloc.start()
    try:
        found = measure_entry(content, IMAGES, LABELS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not found["accepted"] and why in found["why"], found
    assert len(found["why"]) < 500 and peak < MOST_MEMORY
    assert not list(tmp_path.iterdir()), "something was written or run"


def test_there_are_at_least_forty():
    assert len(FORGED) >= 40


def test_what_is_forged_is_an_honest_entry_otherwise():
    found = measure_entry(npz(honest()), IMAGES, LABELS)
    assert found["accepted"], found
    assert found["measures"]["multiplications"] == 64 * 12 + 12 * 10
    assert found["measures"]["stored_bytes"] == len(npz(honest()))


def test_the_same_entry_gives_the_same_numbers_and_a_copy_is_known_however_it_is_packed():
    first, again = (measure_entry(npz(honest()), IMAGES, LABELS) for _ in range(2))
    assert first == again
    stored = zipped([(f"{name}.npy", npy(array)) for name, array in reversed(honest().items())], zipfile.ZIP_STORED)
    columns = npz(honest(**{"1_weight": np.asfortranarray(honest()["1.weight"])}))
    for copied in (stored, columns, npz(honest(architecture=words(WORDS.replace(" ", "  "))))):
        found = measure_entry(copied, IMAGES, LABELS)
        assert found["accepted"] and found["digest"] == first["digest"]
        assert found["measures"]["accuracy"] == first["measures"]["accuracy"]
    other = measure_entry(with_number("3.bias", 0.25), IMAGES, LABELS)
    assert other["accepted"] and other["digest"] != first["digest"]


def test_scores_that_overflow_are_refused_without_a_warning():
    weights = {f"{place}.weight": np.full((10, 10), 1e6, dtype="float32") for place in range(2, 12)}
    weights["1.weight"] = np.full((10, 64), 1e6, dtype="float32")
    text = ", ".join(["flatten", "linear_nobias 64 10", *["linear_nobias 10 10"] * 10])
    found = measure_entry(npz({"architecture": words(text)} | weights), IMAGES, LABELS)
    assert not found["accepted"] and "not all finite" in found["why"]


def test_the_costliest_net_that_is_taken_is_measured_in_bounded_memory_and_work():
    before = "conv2d 1 30 3 1, conv2d 30 26 5 2, conv2d 26 256 1 0"  # as many numbers as a layer may return
    text = ", ".join([before, *["gelu"] * 14, "maxpool 8, flatten, linear 256 10"])
    layers = core.parse_architecture(text)
    costs = core.costs_on_paper(layers)
    assert len(layers) == LIMITS["most_layers"]
    assert max(np.prod(cost.shape) for cost in costs) == LIMITS["most_activations"]
    assert 0.8 < sum(cost.multiplications for cost in costs) / LIMITS["most_multiplications"] <= 1
    wanted = core.wanted_arrays(layers, {})
    rng = np.random.default_rng(3)
    arrays = {name: rng.normal(0, 0.1, shape).astype("float32") for name, (shape, _) in wanted.items()}
    tracemalloc.start()
    begun = time.process_time()
    try:
        found = measure_entry(npz({"architecture": words(text)} | arrays), IMAGES[:100], LABELS[:100])
        used, peak = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found["accepted"], found
    assert peak < 100e6  # bytes
    assert used < 0.1 * 100  # CPU seconds: 1,000 images take less than two minutes
    one_more = measure_entry(of(f"{text}, relu"), IMAGES, LABELS)
    assert not one_more["accepted"] and "21 layers" in one_more["why"]


def test_the_command_measures_standard_input_and_never_raises():
    command = [sys.executable, "-P", "-W", "error", "-m", "tinytorch.olympics"]
    for content, accepted in ((npz(honest()), True), (b"no entry", False)):
        done = subprocess.run(command, input=content, capture_output=True, check=True)
        found = json.loads(done.stdout)
        assert found["accepted"] is accepted and not done.stderr
        if accepted:
            assert 0 <= found["measures"]["accuracy"] <= 1


@pytest.mark.parametrize("seed", range(60))
def test_a_file_with_some_bytes_changed_is_measured_or_refused(seed):
    rng = np.random.default_rng(seed)
    content = bytearray(npz(honest()) if seed % 2 else zipped([(f"{n}.npy", npy(a)) for n, a in honest().items()]))
    for place in rng.integers(4, len(content), size=int(rng.integers(1, 6))):
        content[place] = int(rng.integers(256))
    found = measure_entry(bytes(content), IMAGES[:5], LABELS[:5])
    assert set(found) in ({"accepted", "why"}, {"accepted", "measures", "digest"})


def test_a_reading_is_the_arrays_that_were_written():
    text, arrays = read_archive(npz(honest()), LIMITS)
    assert text == WORDS and set(arrays) == set(honest()) - {"architecture"}
    assert all(np.array_equal(arrays[name], honest()[name]) for name in arrays)
