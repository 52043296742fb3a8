# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "read_idx", "solution": true}
def read_idx(content):
    if not content.startswith(bytes([0, 0, 8])):
        raise ValueError("an idx file of bytes starts with 0, 0, 8")
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4).astype(int)
    numbers = np.frombuffer(content[4 + 4 * axes :], np.uint8)
    if numbers.size != math.prod(int(n) for n in shape):
        raise ValueError(f"{shape} promises {shape.prod()} numbers, there are {numbers.size}")
    return numbers.reshape(tuple(int(n) for n in shape))


# %% nbgrader={"grade_id": "shuffled_order", "solution": true}
def shuffled_order(n):
    return np.argsort(generator().random(n))


# %%
import math


def number_of_batches(n, size, drop_last):
    return n // size if drop_last else math.ceil(n / size)


# %% nbgrader={"grade_id": "batch_indices", "solution": true}
def batch_indices(order, batch_size, drop_last=False):
    if not batch_size >= 1:
        raise ValueError(f"batch_size={batch_size} is less than 1")
    count = number_of_batches(len(order), batch_size, drop_last)
    return [order[k * batch_size : (k + 1) * batch_size] for k in range(count)]


# %% nbgrader={"grade_id": "default_collate", "solution": true}
def default_collate(samples):
    if isinstance(samples[0], tuple | list):
        return tuple(map(default_collate, zip(*samples)))
    if isinstance(samples[0], int | float):
        return Tensor(list(samples))
    arrays = [unwrap(sample) for sample in samples]
    if len({array.shape for array in arrays}) != 1:
        raise ValueError(f"one shape is needed, got {[array.shape for array in arrays]}")
    return Tensor(np.concatenate([array[None] for array in arrays]))


# %% nbgrader={"grade_id": "load_batches", "solution": true}
def load_batches(loader):
    n = len(loader.dataset)
    order = shuffled_order(n) if loader.shuffle else range(n)
    return (
        fetch_batch(loader.dataset, indices, loader.collate_fn)
        for indices in batch_indices(np.array(order), loader.batch_size, loader.drop_last)
    )
