"""The embedded platform: real Kafka, schema registry and PostgreSQL as child processes, without Docker or root."""
