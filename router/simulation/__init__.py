"""A year of the service on a virtual clock, decided by the same engine.

workload    what people do, assumed or published, from TOML
demand      when they call or ask to be called back, day by day
roster      who works when
people      callers, those who are called back, informateurs
line        Asterisk's part: carries out the engine's commands
run         the virtual clock
tally       what is counted on the way
figures     what comes of it
"""
