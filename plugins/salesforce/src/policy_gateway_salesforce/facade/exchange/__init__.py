"""What comes from clients and what goes back, before anybody knows what it is about."""
