"""The process that runs student code and answers the judge's requests, and the wire between the two.

It needs only numpy and msgpack. It answers one request at a time and can ask for nothing: tests, seeds and expected
values never enter it. Its answers are as untrusted as the student's code, so the judge's side checks every byte
(`wire`).
"""
