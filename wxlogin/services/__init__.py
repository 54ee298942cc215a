"""What wxlogin can do, one plain function per use case."""
