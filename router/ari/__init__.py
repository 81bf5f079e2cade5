"""The router's side of Asterisk's REST interface (ARI).

docs.asterisk.org, "Asterisk REST Interface (ARI)"; measured on Asterisk 22.10.1.
"""
