"""A semester: what runs when, for whom and under which policies, from one validated file.

`read` turns `course/semesters/NAME.yaml` and its roster into a `Semester` or says what is wrong and where;
`service` puts it into effect: it makes exchange, Hub, gradebook and notebooks match the file, and releases and
collects on time.
"""
