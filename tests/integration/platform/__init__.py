"""The embedded platform, on real services."""
