"""The kill soak: the whole river under load while its processes and services are killed, frozen and cut off."""
