package display

// calibrateSamples have their crosses where they are at 320×240: on a larger
// size they stand nearer to the corner, which the words have to bear.
func calibrateSamples() []sample {
	crosses := CalibrationCrosses(Sizes()[0])
	return []sample{
		{"calibrate", "the first cross of a resistive panel", Calibrate{Cross: crosses[0], Step: 1, Of: 4}},
		{"calibrate-again", "the touches did not agree", Calibrate{Cross: crosses[1], Step: 2, Of: 4, Problem: "The touches did not fit together. Please begin again.", WayOut: "To leave it as it was, wait two minutes."}},
		{"calibrate-check", "the last cross shows whether it is right", Calibrate{Cross: crosses[3], Step: 4, Of: 4}},
	}
}
