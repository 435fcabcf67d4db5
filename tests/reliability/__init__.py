"""Votes under load, races and kills: `./openetd reliability`, and the same scenarios with small numbers in the tests.

Every request is recorded with what it was answered; afterwards the history is compared with what is stored. Only this
machine is reached, and every server is killed by its own process group.
"""
