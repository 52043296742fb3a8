# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "read_idx", "solution": true}
def read_idx(content):
    if content[0] != 0 or content[1] != 0 or content[2] != 8:
        raise ValueError("this is no idx file of unsigned bytes")
    shape, place = [], 4
    for _ in range(content[3]):
        shape.append(struct_free_int(content[place : place + 4]))
        place += 4
    count = 1
    for n in shape:
        count *= n
    found = len(content[place:])
    if found != count:
        raise ValueError(f"{count} numbers were promised, {found} are there")
    return np.array(list(content[place:]), dtype=np.uint8).reshape(shape)


# %%
def struct_free_int(four):
    number = 0
    for byte in four:
        number = number * 256 + byte
    return number


# %% nbgrader={"grade_id": "shuffled_order", "solution": true}
def shuffled_order(n):
    order = np.arange(n)
    generator().shuffle(order)
    return order


# %% nbgrader={"grade_id": "batch_indices", "solution": true}
def batch_indices(order, batch_size, drop_last=False):
    if batch_size <= 0:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    batches, batch = [], []
    for index in order:
        batch.append(index)
        if len(batch) == batch_size:
            batches.append(batch)
            batch = []
    if batch and not drop_last:
        batches.append(batch)
    return batches


# %% nbgrader={"grade_id": "default_collate", "solution": true}
def default_collate(samples):
    first = samples[0]
    if type(first) in (tuple, list):
        columns = []
        for k in range(len(first)):
            columns.append(default_collate([sample[k] for sample in samples]))
        return tuple(columns)
    if isinstance(first, int) or isinstance(first, float):
        return Tensor([number for number in samples])
    arrays = [sample.data if isinstance(sample, Tensor) else sample for sample in samples]
    for array in arrays:
        if array.shape != arrays[0].shape:
            raise ValueError(f"shapes differ: {arrays[0].shape} and {array.shape}")
    batch = np.empty((len(arrays), *arrays[0].shape), dtype=arrays[0].dtype)
    for row, array in enumerate(arrays):
        batch[row] = array
    return Tensor(batch)


# %% nbgrader={"grade_id": "load_batches", "solution": true}
def load_batches(loader):
    order = list(range(len(loader.dataset)))
    if loader.shuffle:
        order = shuffled_order(len(loader.dataset))
    batches = batch_indices(order, loader.batch_size, loader.drop_last)
    for number in range(len(batches)):
        yield fetch_batch(loader.dataset, batches[number], loader.collate_fn)
