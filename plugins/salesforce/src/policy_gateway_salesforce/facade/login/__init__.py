"""How clients log in, and who the gateway's callers are to them."""
