"""What clients may know of the org itself: its versions, its limits, and its objects as the caller may see them."""
