"""Judges on other machines, through Dask: how a submission gets there, and how a verdict comes back.

The two sides trust each other little. The grading service has `calls`: one TLS connection with frames of our own, and
nothing that it receives is ever unpickled. On the far side are the scheduler with its `door`, the workers, and Dask
between them, where every participant can run code everywhere. So no code here knows a gradebook or a database; an
answer counts only after `answers` has compared it with the module.
"""
