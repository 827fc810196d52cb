"""Development tools: generators of checked-in files."""
