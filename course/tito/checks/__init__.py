"""Judge a module from outside: test cells run here, student code in a worker process, plain values go between.

`tito module test` and the graders use the same parts, so that what a student sees is what is graded.
"""
