"""Start and stop the Hub with its services, here or as a deployment, and back up its data."""
