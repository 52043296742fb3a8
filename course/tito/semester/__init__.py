"""A semester: what runs when, for whom and under which policies, from one validated file.

`read` turns `course/semesters/NAME.yaml` and its roster into a `Semester` or says what is wrong and where;
`service` puts it into effect: exchange, Hub, gradebook and notebooks are brought to what the file says, and
releases and collections happen on time.
"""
