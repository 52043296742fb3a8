"""Data sets, samplers and options of DataLoader that no module teaches.

Promises: orders and batches come from the student's `load_batches`; workers are accepted with a warning, because
everything runs in this process.
"""

import copy
import warnings

import numpy as np

from tinytorch.bound import is_tensor
from tinytorch.core import dataloader
from tinytorch.core.dataloader import Dataset, Subset
from tinytorch.random import generator as shared
from tinytorch.settings import checking


class IterableDataset(Dataset):
    """Examples one after the other: a subclass says which in __iter__."""

    def __len__(self):
        raise TypeError("an IterableDataset has no length: count while you go through it")


class ConcatDataset(Dataset):
    """Several data sets, one after the other."""

    @checking
    def __init__(self, datasets):
        self.datasets = list(datasets)
        self.ends = np.cumsum([len(dataset) for dataset in self.datasets]).tolist()

    def __len__(self):
        return self.ends[-1]

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} examples, got the number {index}")
        index = index % len(self)
        which = int(np.searchsorted(self.ends, index, side="right"))
        return self.datasets[which][index - (self.ends[which - 1] if which else 0)]


class Sampler:
    """Numbers of examples, in the order in which they are wanted. A subclass says how many, and which."""

    def __init__(self, data_source=None):
        self.data_source = data_source

    def __len__(self):
        return len(self.data_source)

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} must give an order: define __iter__()")


class SequentialSampler(Sampler):
    """0, 1, 2, ..."""

    def __iter__(self):
        return iter(range(len(self.data_source)))


class RandomSampler(Sampler):
    """All numbers in a random order; with replacement some come twice."""

    @checking
    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        super().__init__(data_source)
        self.replacement, self.generator = replacement, generator
        self.num_samples = num_samples or len(data_source)

    def __len__(self):
        return self.num_samples

    def __iter__(self):
        source, count = self.generator or shared(), len(self.data_source)
        drawn = source.integers(0, count, self.num_samples) if self.replacement else source.permutation(count)
        return iter(drawn[: self.num_samples].tolist())


class SubsetRandomSampler(Sampler):
    """Some numbers in a random order."""

    @checking
    def __init__(self, indices, generator=None):
        super().__init__(indices)
        self.generator = generator

    def __iter__(self):
        source = self.generator or shared()
        return iter([self.data_source[i] for i in source.permutation(len(self.data_source))])


class WeightedRandomSampler(Sampler):
    """Numbers drawn in proportion to their weights."""

    @checking
    def __init__(self, weights, num_samples, replacement=True, generator=None):
        array = np.asarray(weights.data if is_tensor(weights) else weights, dtype="float64")
        self.chances, self.num_samples = array / array.sum(), num_samples
        self.replacement, self.generator = replacement, generator

    def __len__(self):
        return self.num_samples

    def __iter__(self):
        source = self.generator or shared()
        return iter(source.choice(len(self.chances), self.num_samples, self.replacement, self.chances).tolist())


def default_collate(samples):
    """Make one batch of examples: the student's for numbers, arrays and tuples; dicts by key, text in a list."""
    first = samples[0]
    if isinstance(first, dict):
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, (str, bytes)):
        return list(samples)
    if isinstance(first, (tuple, list)) and _has_words(first):
        return [default_collate(list(column)) for column in zip(*samples, strict=True)]
    return dataloader.default_collate(samples)


def _has_words(sample):
    return any(isinstance(part, (dict, str, bytes, tuple, list)) for part in sample)


class DataLoader(dataloader.DataLoader):
    """The student's DataLoader, with PyTorch's other options."""

    @checking
    def __init__(
        self, dataset, batch_size=1, shuffle=False, sampler=None, batch_sampler=None, num_workers=0, collate_fn=None,
        pin_memory=False, drop_last=False, timeout=0, worker_init_fn=None, *, generator=None, prefetch_factor=None,
        persistent_workers=False,
    ):  # fmt: skip
        if sampler is not None and shuffle:
            raise ValueError("a sampler decides the order: leave shuffle out")
        if num_workers:
            warnings.warn(f"num_workers={num_workers}: there are no workers here, this process loads", stacklevel=2)
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers = 0
        if isinstance(dataset, IterableDataset):
            raise TypeError("a DataLoader asks for examples by number, got an IterableDataset: write __getitem__")
        super().__init__(dataset, 1 if batch_size is None else batch_size, shuffle, collate_fn, drop_last)
        self.single = batch_size is None

    def __len__(self):
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        if self.sampler is None:
            return super().__len__()
        return len(dataloader.batch_indices(range(len(self.sampler)), self.batch_size, self.drop_last))

    def __iter__(self):
        collate = self.collate_fn or (None if _gives_batches(self.dataset) else default_collate)
        if self.single:
            return (self.dataset[int(i)] for i in self._order())
        if self.batch_sampler is not None:
            return (dataloader.fetch_batch(self.dataset, list(batch), collate) for batch in self.batch_sampler)
        order, view = self._order(), copy.copy(self)
        view.collate_fn = collate
        if order is not None:
            view.dataset, view.shuffle = Subset(self.dataset, order), False
        return iter(dataloader.load_batches(view))

    def _order(self):
        """Give the order that a sampler or a generator decides; None leaves it to the student's load_batches."""
        if self.sampler is not None:
            return [int(i) for i in self.sampler]
        if self.shuffle and self.generator is not None:
            return self.generator.permutation(len(self.dataset))
        return range(len(self.dataset)) if self.single else None


def _gives_batches(dataset):
    """Tell whether a data set gathers whole batches by itself."""
    while isinstance(dataset, Subset):
        dataset = dataset.dataset
    return hasattr(dataset, "take")


def random_split(dataset, lengths, generator=None):
    """Split a data set at random into parts of these lengths, or fractions that add up to 1."""
    lengths = list(lengths)
    if abs(sum(lengths) - 1) < 1e-6 and sum(lengths) != len(dataset):
        lengths = _whole(lengths, len(dataset))
    if generator is None:
        return dataloader.random_split(dataset, lengths)
    if sum(lengths) != len(dataset):
        raise ValueError(f"the parts must add up to the data set's {len(dataset)} examples, got {lengths}")
    order, ends = generator.permutation(len(dataset)), np.cumsum(lengths).tolist()
    return [Subset(dataset, order[end - length : end]) for length, end in zip(lengths, ends, strict=True)]


def _whole(fractions, count):
    """Round fractions of `count` down, and give what is left over to the first parts, one each."""
    lengths = [int(count * fraction) for fraction in fractions]
    for i in range(count - sum(lengths)):
        lengths[i % len(lengths)] += 1
    return lengths
