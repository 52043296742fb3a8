"""The command `tito` and the engine behind it.

Top level: what students and staff share (curriculum, percent format, export, workspace, command line). `student/`,
`staff/`, `judging/`, `worker/`, `grading/` and `semester/` are laid out by who has them: a wheel leaves out
whole folders.
"""
