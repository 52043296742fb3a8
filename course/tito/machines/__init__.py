"""Judges on other machines, carried by Dask: how a submission goes there, and how a verdict comes back.

Two sides that trust each other little. The grading service has `calls`: one TLS connection on which frames of our own
go to and fro, and nothing that comes is ever unpickled. On the far side stand the scheduler with its `door`, the
workers, and Dask between them, where whoever takes part can run code everywhere. So nothing of this room knows a
gradebook or a database; what comes back counts only after `answers` has compared it with the module.
"""
