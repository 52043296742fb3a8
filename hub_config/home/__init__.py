"""The home page: where students see their way through the course, TAs what waits, instructors how the class stands.

It owns no data. What it shows it asks of the exchange, the semester and the grading service, over HTTP and with the
viewer's own token, so that it can show and do nothing that the viewer could not. A service that does not answer is told
where its data would stand; the rest of the page works.
"""
