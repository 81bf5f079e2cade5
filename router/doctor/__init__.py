"""The running service examined from outside: findings, each with its remedy.

A check is a function of its subject's file: it is given the surroundings and returns findings.
"""
