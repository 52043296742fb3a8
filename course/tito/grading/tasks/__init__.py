"""What each kind of grading work does, one file per kind; only `kinds.KINDS` needs to name them."""
