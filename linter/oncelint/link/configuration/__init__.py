"""What the keys and values of a written configuration are to the client that reads them."""
