"""allo put in service on a machine: what is laid where, and how it is taken away again."""
