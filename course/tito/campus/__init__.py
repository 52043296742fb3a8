"""The course on a learning platform: its members become the roster, its gradebook gets the scores students see here.

`platform/` speaks LTI 1.3 Advantage (Names and Roles, Assignment and Grade Services) and knows nothing about this
course; `service/` is the program, and the only one here that asks a platform for anything. People are keyed by issuer
and subject, never by a mail address.
"""
