"""What data sets can do that no module teaches."""


def equally_long(tensors):
    """Return the tensors if they have equally many rows."""
    lengths = [len(x) for x in tensors]
    if not lengths or len(set(lengths)) > 1:
        raise ValueError(
            f"a TensorDataset needs tensors with equally many rows, got {lengths or 'none'}: check the first axis"
        )
    return tensors
