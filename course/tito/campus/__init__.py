"""A learning platform's course beside ours: its members are the roster, its gradebook is told what students were told.

`platform/` speaks LTI 1.3 Advantage (Names and Roles, Assignment and Grade Services) and knows nothing of this course;
`service/` is the program, and the only one of the house that asks a platform for anything. People are keyed by issuer
and subject, never by a mail address.
"""
