"""Who calls while the router is away: heard, asked, kept, and handed over when it is back.

A process of its own (`./allo fallback`), which Asterisk's dialplan asks over FastAGI when the
router does not take a call, and anybody's own dialplan may ask for our decisions.

    journeys      what a caller is asked: the very engine, with nobody on duty           pure
    decisions     what the verbs for other dialplans answer                              pure
    door          FastAGI by panoramisk, guarded: what is read, how long, of how many
    line          a call as AGI sees it: say, wait for a key, note, music
    handover      those who were kept go to the router in the order in which they called
    conversation  one caller, from the first sentence to the hand-over
    watch         whether the router is there; callers whom it left in silence
    process       all of it put together
"""
