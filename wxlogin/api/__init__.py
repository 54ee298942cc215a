"""The HTTP API. Each view turns a request into one service call, and the result into an answer."""
