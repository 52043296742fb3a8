"""The process that runs student code and obeys the judge's requests, and the wire between the two.

Needs numpy and msgpack alone. It answers one request at a time and can ask for nothing: tests, seeds and expected
values never enter it. Whatever it says is the student's word, so the judge's side checks every byte (`wire`).
"""
