"""What a roster's file is, before anybody on it is read: its bytes as text, its columns, and a spreadsheet's cells."""
