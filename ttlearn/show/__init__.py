"""Pictures of runs: pure functions to SVG (`svg`), and a panel of widgets over them (`panel`)."""
