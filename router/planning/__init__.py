"""Who must be on duty when, to reach which targets; and ways to run the queue, compared.

typical_week      what the busiest month asks of each team, half-hour by half-hour
teams             sectors served by the same informateurs, and who of a team works when
erlang, formula   how well a number of informateurs serves that
targets           what is to be reached, and how it is measured in a simulated run
staffing          how many are needed: the formula, corrected and checked by simulation
paid              what that costs;  staffing_text, staffing_json: the answer for people and programs
needed            how many a simulated year would have needed, with hindsight
policies          other orders of the queue, other widening and other promises, on the same weeks
"""
