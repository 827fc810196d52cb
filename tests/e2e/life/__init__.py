"""What happens to one small river after another, in one order: compared, poisoned, judged, its tables and Kafka lost.

All of it takes place on the same river, which is most of what such a test costs.  So what a test writes at the offices
is its own, and a test or its file leaves the store equal to what the offices hold.
"""
