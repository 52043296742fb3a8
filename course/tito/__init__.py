"""The command `tito` and the engine behind it.

The top level has what all rooms share (the command line, errors, atomic writes, a student's workspace). Each folder is
a room with one subject and one audience: a wheel has all of a room or none of it.
"""
