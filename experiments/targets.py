"""Why the tolerance of a target is as large as it is: what is not known of the expected number."""

TOLERANCES = {
    "W2": 'half of the last digit; the book says "about 17"',
    "W2b": "what the separate simulation left open",
    "W2c": (
        'what the separate simulation left open; the book\'s "about 17" is the policy of W2, not '
        "what Sarsa comes to"
    ),
    "W3": "the separate simulation is known to about 1; what is drawn is read to about 1",
    "C1": (
        "the separate simulation is known to about 0.5; what is drawn is one smoothed run, so two "
        "standard deviations of runs"
    ),
    "C2": "half of the last digit",
    "C3": "twice the 0.5 to which the figure was read",
    "C4": (
        "as C3, and what the 10 published runs leave open, which as many of ours tell for Sarsa: 1 "
        "more from alpha 0.8 on, where its intervals are 0.5 to 0.9 to either side, and 2 more "
        "beyond 0.9, where it is 1.7"
    ),
    "X1": "1.5 points of reading the figure; the position of the peak to 5 episodes",
    "H1": (
        "half of the last digit. Runs end with an episode: max Q(start) is read where the first "
        "ends at step 10,000 or later, and the rewards of an episode count as spread evenly over "
        "its steps"
    ),
    "D1": '8 %, what the separate simulation left open; 10 % of what is printed as "about 1700"',
    "G1": "half of the last digit",
}
"""By target; where it is not named, the tolerance is that of rounding."""
