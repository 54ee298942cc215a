"""The HTTP API: turns a request into one service call and the outcome into an answer."""
