"""Judge a module from outside: test cells run here, student code in a worker process; they exchange plain values.

`tito module test` and the graders use the same parts, so that students are graded on what they see.
"""
