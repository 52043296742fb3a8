"""The rights of grading, as the Hub calls them: TAs read and grade, instructors also run the lifecycle."""

READ, GRADE, RUN = "custom:grading:read", "custom:grading:grade", "custom:grading:run"
