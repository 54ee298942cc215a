"""The use cases of wxlogin, one plain function each."""
