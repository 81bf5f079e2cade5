"""A year of the service on a virtual clock, decided by the engine that answers the phone.

workload            what people do, assumed or published, from TOML
demand              when they call or ask to be called back, day by day
roster              who works when;  homes: the sector in which an informateur belongs
people, staff       how callers and informateurs behave
line                Asterisk's part: carries out the engine's commands
agenda, run         the virtual clock, and the simulation that it drives
tally               what is counted on the way
counted, figures    what comes of it;  definitions, breakdowns: its figures and tables
text, page, plot    as text and JSON, as a page (charts, heats), as a picture
"""
