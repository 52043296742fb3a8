"""The home page: students see their way through the course, TAs what is waiting, instructors how the class is doing.

It owns no data. It asks the exchange, the semester and the grading service for what it shows, over HTTP and with the
viewer's own token, so that it can show and do nothing that the viewer could not. If a service does not answer, the page
says so in place of its data; the rest of the page works.
"""
