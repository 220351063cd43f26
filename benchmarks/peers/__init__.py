"""What one would take instead: other engines in process, and gateways that are written in an afternoon."""
