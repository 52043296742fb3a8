"""Reading a roster's file, before its people: its bytes as text, its columns, and a spreadsheet's cells."""
