"""Matrices with a window of images in each column, some images at a time, and the way back to the pixels.

`x` is (channels, images, rows, columns) here. Both kinds of windows promise:

- `places`: how many windows there are down and across; `groups()`: slices of images;
- `matrix(some)`: (channels * kernel rows * kernel columns, columns), new at each call only in its numbers;
- `maps(product, some)`: out of (out, columns) the places alone, (out, images, down, across): a view;
- `blame(maps)`: the way back, (out, columns), 0 in a column that is no place;
- `pixels(matrix, some)`: the sums of what windows say to each pixel, (channels, images, rows, columns).
"""

import numpy as np

from tinytorch.core.spatial import conv_output_size

NUMBERS = 400_000  # of a matrix of windows at once: 1.6 MB in float32
MORE = 1.4  # columns that are no places cost a part of the product; up to so many for each place they are worth it


def windows_of(x, weight, stride, padding):
    """Return the windows of images (N, channels, rows, columns) that kernels (out, channels, rows, columns) meet."""
    sizes = tuple(conv_output_size(x.shape[a], weight.shape[a], stride, padding) for a in (2, 3))
    area = (x.shape[2] + padding) * (x.shape[3] + padding)
    in_rows = stride == 1 and padding < min(weight.shape[2:]) and area <= MORE * sizes[0] * sizes[1]
    return (Shifted if in_rows else Cut)(x.swapaxes(0, 1), weight.shape[2:], sizes, stride, padding)


class Cut:
    """Windows cut out one by one, for any stride."""

    def __init__(self, x, kernel, places, stride, padding):
        self.x, self.kernel, self.places, self.stride, self.padding = x, kernel, places, stride, padding
        self.height, self.area = len(x) * kernel[0] * kernel[1], places[0] * places[1]

    def groups(self):
        images = self.x.shape[1]
        count = max(1, min(images, NUMBERS // max(1, self.height * self.area)))
        return (slice(start, min(start + count, images)) for start in range(0, images, count))

    def padded(self, images):
        """Make zeros for some images, padding included."""
        rows, columns = (size + 2 * self.padding for size in self.x.shape[2:])
        return np.zeros((len(self.x), images, rows, columns), self.x.dtype)

    def inside(self, padded):
        """Return the view without padding."""
        (rows, columns), p = self.x.shape[2:], self.padding
        return padded[:, :, p : p + rows, p : p + columns]

    def cells(self, padded):
        """Give each cell of the kernel with what it meets at all places: a view."""
        (down, across), step = self.places, self.stride
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                yield (
                    (slice(None), i, j),
                    padded[:, :, i : i + step * (down - 1) + 1 : step, j : j + step * (across - 1) + 1 : step],
                )

    def matrix(self, some):
        count = some.stop - some.start
        padded = self.padded(count)
        self.inside(padded)[...] = self.x[:, some]
        cells = np.empty((len(self.x), *self.kernel, count, *self.places), self.x.dtype)
        for place, met in self.cells(padded):
            cells[place] = met
        return cells.reshape(self.height, count * self.area)

    def maps(self, product, some):
        return product.reshape(len(product), -1, *self.places)

    def blame(self, maps):
        return np.ascontiguousarray(maps).reshape(len(maps), -1)

    def pixels(self, matrix, some):
        padded = self.padded(some.stop - some.start)
        cells = matrix.reshape(len(self.x), *self.kernel, -1, *self.places)
        for place, met in self.cells(padded):
            met += cells[place]
        return self.inside(padded)


class Shifted:
    """Windows for stride 1. All images of a channel lie in one row, padding between them; what a cell of the kernel
    meets is this row from a later number on, copied or added in one go.

    The padding on the right of a line is that on the left of the next one, and the padding below an image that above
    the next. Windows that reach from one line into the next are computed, too; they are no places.
    """

    def __init__(self, x, kernel, places, stride, padding):
        self.x, self.kernel, self.places, self.padding = x, kernel, places, padding
        self.lines = tuple(size + padding for size in x.shape[2:])
        self.height, self.area = len(x) * kernel[0] * kernel[1], self.lines[0] * self.lines[1]
        self.at_once = max(1, min(x.shape[1], NUMBERS // (self.height * self.area)))
        self.beyond = (kernel[0] - 1) * self.lines[1] + kernel[1] - 1  # how far the last window reaches
        self.row = np.zeros((len(x), self.at_once * self.area + self.beyond), x.dtype)
        self.room = np.empty((len(x), *kernel, self.at_once * self.area), x.dtype)
        self.blames = None

    def groups(self):
        images = self.x.shape[1]
        return (slice(start, min(start + self.at_once, images)) for start in range(0, images, self.at_once))

    def images(self, row):
        """See a row of each channel, what is beyond left out, as images with their padding."""
        return row.reshape(len(row), -1, *self.lines)

    def matrix(self, some):
        (count, p), (all_rows, numbers) = (some.stop - some.start, self.padding), self.row.strides
        width = count * self.area
        self.images(self.row[:, : self.at_once * self.area])[:, :count, p:, p:] = self.x[:, some]
        steps = all_rows, self.lines[1] * numbers, numbers, numbers
        met = np.lib.stride_tricks.as_strided(self.row, (len(self.x), *self.kernel, width), steps, writeable=False)
        self.room[..., :width] = met
        return self.room.reshape(self.height, -1)[:, :width]

    def maps(self, product, some):
        return self.images(product)[:, :, : self.places[0], : self.places[1]]

    def blame(self, maps):
        if self.blames is None:
            self.blames = np.zeros((len(maps), self.at_once * self.area), maps.dtype)
        count = maps.shape[1]
        self.images(self.blames)[:, :count, : self.places[0], : self.places[1]] = maps
        return self.blames[:, : count * self.area]

    def pixels(self, matrix, some):
        width, p = matrix.shape[1], self.padding
        row, cells = (
            np.zeros((len(self.x), width + self.beyond), matrix.dtype),
            matrix.reshape(len(self.x), *self.kernel, width),
        )
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                start = i * self.lines[1] + j
                row[:, start : start + width] += cells[:, i, j]
        return self.images(row[:, :width])[:, :, p:, p:]
