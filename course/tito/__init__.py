"""The command `tito` and the engine behind it.

Top level: what all rooms share (the command line, errors, files written whole, a student's workspace). Each folder is a
room with one subject and one audience: a wheel holds all of a room or nothing of it.
"""
