"""PyTorch's words that no module teaches: functions of tensors, made of what students build.

Each file is a family. Promises: values and gradients are PyTorch's; an operation that a student builds is called, never
computed again; what has no gradient in PyTorch has none here.
"""
