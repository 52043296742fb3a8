"""What each kind of grading work does, one file a kind; `kinds.KINDS` names them, and nobody else need."""
