package main

import (
	"fmt"

	"onetimechat/padstore/seal"
)

// spentIn2015 is what a text of 100 bytes took of the pad in 2015, in bytes.
const spentIn2015 = 248

// spending is what a text of 100 bytes takes of the pad, by suite and bucket,
// beside 2015. It is computed, not measured.
func spending() ([]figure, error) {
	list := []figure{spendingOf("pad-paper", seal.Paper, 0)}
	for _, bucket := range []int{16, 32, 64, 128, 256} {
		list = append(list, spendingOf(fmt.Sprintf("pad-bucket-%d", bucket), seal.Unconditional, bucket))
	}
	return list, nil
}

func spendingOf(name string, suite seal.Suite, bucket int) figure {
	spent := suite.SegmentSizeOfText(textSize, bucket)
	return figure{Name: name, Value: float64(spent), Unit: "B"}.against(spentIn2015).goal("none", true)
}
