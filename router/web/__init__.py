"""HTTP, for those who work here: the state of the service, desks, supervision; and `/`."""
