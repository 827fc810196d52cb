"""The pipes every stage stands on; knows no stage."""
