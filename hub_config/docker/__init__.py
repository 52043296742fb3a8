"""The engine's machine, where students' servers are containers: their bridge, homes, and the firewall around them."""
