"""Records by their ids: one, many by one request, and requests within a request."""
