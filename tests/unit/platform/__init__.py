"""The embedded platform's parts that need no service."""
