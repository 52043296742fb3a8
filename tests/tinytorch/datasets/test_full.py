"""The published data sets are read in their official layouts, from a folder or downloaded from a (local) server."""

import functools
import gzip
import hashlib
import http.server
import io
import struct
import tarfile
import threading

import numpy as np
import pytest

from tinytorch import datasets


def _idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def _mnist_part(rng, n=5):
    return rng.integers(0, 256, (n, 28, 28), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)


def _write_mnist(folder, part, images, labels, zipped=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in [
        (f"{part}-images-idx3-ubyte", _idx(images)),
        (f"{part}-labels-idx1-ubyte", _idx(labels)),
    ]:
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def _cifar_batch(rng, n=3):
    images, labels = rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)
    return images, labels, np.concatenate([labels[:, None], images.reshape(n, -1)], axis=1).tobytes()


@pytest.fixture(autouse=True)
def no_data_of_this_machine(monkeypatch, tmp_path):
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def serve(tmp_path):
    """Serve a folder over http on a free port; yield the folder and the address."""
    served = tmp_path / "served"
    served.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=served))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["mnist", "MNIST/raw", "."])
def test_mnist_is_read_from_the_official_files(tmp_path, where, zipped):
    images, labels = _mnist_part(np.random.default_rng(0))
    _write_mnist(tmp_path / where, "train", images, labels, zipped)
    found = datasets.MNIST(tmp_path, train=True)
    assert np.array_equal(found.data, images)
    assert np.array_equal(found.targets, labels)


def test_a_mirror_folder_is_named_by_the_environment(tmp_path, monkeypatch):
    images, labels = _mnist_part(np.random.default_rng(1))
    _write_mnist(tmp_path / "mirror" / "fashion-mnist", "t10k", images, labels)
    monkeypatch.setenv("TINYTORCH_DATA", str(tmp_path / "mirror"))
    assert np.array_equal(datasets.FashionMNIST(train=False).data, images)
    assert datasets.FashionMNIST(train=False).classes[8] == "Bag"


def test_cifar10_is_read_from_the_binary_version(tmp_path):
    rng = np.random.default_rng(2)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    batches = [_cifar_batch(rng) for _ in range(5)]
    for i, (_, _, content) in enumerate(batches, 1):
        (folder / f"data_batch_{i}.bin").write_bytes(content)
    found = datasets.CIFAR10(tmp_path)
    assert np.array_equal(found.data, np.concatenate([b[0] for b in batches]))
    assert np.array_equal(found.targets, np.concatenate([b[1] for b in batches]))


def test_a_missing_set_says_where_it_was_looked_for_and_how_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte.*download=True.*TINYTORCH_DATA"):
        datasets.MNIST(tmp_path)
    with pytest.raises(FileNotFoundError, match="cifar-10-batches-bin"):
        datasets.CIFAR10(train=False)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-7], "the header promises"),
        (lambda content: content + b"x", "the header promises"),
        (lambda content: b"<html>not found</html>", "not an idx file"),
        (lambda content: content[:9], "ends inside its header"),
        (lambda content: b"", "not an idx file"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, damage, message):
    images, labels = _mnist_part(np.random.default_rng(3))
    _write_mnist(tmp_path, "train", images, labels, zipped=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=f"train-images-idx3-ubyte.*{message}"):
        datasets.MNIST(tmp_path)


def test_a_damaged_gzip_file_is_named(tmp_path):
    _write_mnist(tmp_path, "train", *_mnist_part(np.random.default_rng(3)))
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte\.gz.*damaged gzip"):
        datasets.MNIST(tmp_path)


def test_swapped_files_are_noticed(tmp_path):
    images, labels = _mnist_part(np.random.default_rng(3))
    _write_mnist(tmp_path, "train", labels, images)
    with pytest.raises(ValueError, match="swapped"):
        datasets.MNIST(tmp_path)


def test_a_cut_cifar_batch_is_named(tmp_path):
    (tmp_path / "test_batch.bin").write_bytes(b"\0" * 3000)
    with pytest.raises(ValueError, match=r"test_batch\.bin.*3073"):
        datasets.CIFAR10(tmp_path, train=False)


def _publish_mnist(folder, monkeypatch, images, labels):
    """Put a small MNIST on the server, and its checksums in place of the published ones."""
    _write_mnist(folder, "t10k", images, labels)
    checksums = {
        path.stem: hashlib.md5(gzip.decompress(path.read_bytes())).hexdigest() for path in sorted(folder.glob("t10k*"))
    }
    monkeypatch.setattr(datasets.MNIST, "md5", checksums)


def test_mnist_is_fetched_checked_and_found_again_without_the_server(serve, monkeypatch, tmp_path, capsys):
    folder, url = serve
    images, labels = _mnist_part(np.random.default_rng(4))
    _publish_mnist(folder, monkeypatch, images, labels)
    assert np.array_equal(datasets.MNIST(train=False, download=True, url=url).data, images)
    assert "(100%)" in capsys.readouterr().err
    kept = tmp_path / "cache" / "tinytorch" / "mnist"
    assert sorted(path.name for path in kept.iterdir()) == [
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ]
    again = datasets.MNIST(train=False, download=True, url="http://127.0.0.1:1/nobody-listens")
    assert np.array_equal(again.targets, labels)


def test_a_wrong_checksum_keeps_nothing(serve, tmp_path):
    folder, url = serve
    _write_mnist(folder, "train", *_mnist_part(np.random.default_rng(5)))
    with pytest.raises(ValueError, match="checksum"):
        datasets.MNIST(tmp_path / "mine", download=True, url=url)
    assert list((tmp_path / "mine" / "mnist").iterdir()) == []


def test_offline_says_what_to_do(tmp_path):
    with pytest.raises(ConnectionError, match=r"could not fetch http://127.*TINYTORCH_DATA"):
        datasets.MNIST(tmp_path, download=True, url="http://127.0.0.1:1")


def test_an_address_without_the_files_says_so(serve, tmp_path):
    _, url = serve
    with pytest.raises(ConnectionError, match="404"):
        datasets.FashionMNIST(tmp_path, download=True, url=url)


def _publish_cifar(path, monkeypatch, batches):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in batches.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(
        datasets.CIFAR10, "md5", {name: hashlib.md5(content).hexdigest() for name, content in batches.items()}
    )


def test_cifar10_is_fetched_from_its_archive(serve, monkeypatch, tmp_path):
    folder, url = serve
    rng = np.random.default_rng(6)
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    _publish_cifar(folder / "cifar.tar.gz", monkeypatch, {name: _cifar_batch(rng)[2] for name in names})
    found = datasets.CIFAR10(tmp_path, download=True, url=f"{url}/cifar.tar.gz")
    assert found.data.shape == (15, 3, 32, 32)
    assert sorted(path.name for path in (tmp_path / "cifar-10-batches-bin").iterdir()) == names


def test_an_archive_that_lacks_a_batch_is_refused(serve, monkeypatch, tmp_path):
    folder, url = serve
    _publish_cifar(folder / "cifar.tar.gz", monkeypatch, {"test_batch.bin": _cifar_batch(np.random.default_rng(7))[2]})
    monkeypatch.setitem(datasets.CIFAR10.md5, "data_batch_1.bin", "0" * 32)
    with pytest.raises(ValueError, match=r"lacks data_batch_1\.bin"):
        datasets.CIFAR10(tmp_path, train=False, download=True, url=f"{url}/cifar.tar.gz")


def test_what_is_not_an_archive_is_refused(serve, tmp_path):
    folder, url = serve
    (folder / "cifar.tar.gz").write_bytes(b"<html>come back later</html>")
    with pytest.raises(ValueError, match="did not give a tar archive"):
        datasets.CIFAR10(tmp_path, train=False, download=True, url=f"{url}/cifar.tar.gz")
