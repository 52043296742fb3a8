"""What starts single-user servers, one file per way."""
