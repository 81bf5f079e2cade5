"""Real calls: SIPp, RTP and a real Asterisk, through the whole service."""
