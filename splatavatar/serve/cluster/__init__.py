"""Bakes of many captures as jobs on a cluster of Ray."""
