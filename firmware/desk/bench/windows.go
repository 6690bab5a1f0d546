package main

import (
	"image"
	"math"
)

// leastInWindows is a number of bytes below which nobody can send the changed pixels
// of a display of so many in windows, each of which takes overhead bytes beside two
// for each of its pixels: a bound, by the duality of linear programs, and not what the
// best windows take.
//
// Each changed pixel is charged what a changed pixel costs in the window that is the
// cheapest for it, in bytes for each of the changed pixels that the window holds. Then
// no window costs less than its changed pixels are charged together, and windows that
// hold all of them cost at least all charges.
func leastInWindows(size image.Point, changed []image.Point, overhead float64) float64 {
	charge := make([]float64, size.X*size.Y)
	for i := range charge {
		charge[i] = math.Inf(1)
	}
	rows := make([][]int, size.Y) // the columns of the changed pixels
	for _, p := range changed {
		rows[p.Y] = append(rows[p.Y], p.X)
	}
	for top := range rows {
		inColumn := make([]int, size.X)
		for bottom := top; bottom < size.Y; bottom++ {
			for _, x := range rows[bottom] {
				inColumn[x]++
			}
			if len(rows[top]) == 0 || len(rows[bottom]) == 0 {
				continue // without that row it is cheaper
			}
			least := cheapest(inColumn, bottom-top+1, overhead)
			for y := top; y <= bottom; y++ {
				for _, x := range rows[y] {
					charge[y*size.X+x] = min(charge[y*size.X+x], least[x])
				}
			}
		}
	}
	sum := 0.0
	for _, p := range changed {
		sum += charge[p.Y*size.X+p.X]
	}
	return sum
}

// cheapest is, for each column, the least that a changed pixel costs in windows of
// height rows that hold the column, of each of which so many pixels have changed.
func cheapest(changed []int, height int, overhead float64) []float64 {
	least := make([]float64, len(changed))
	for i := range least {
		least[i] = math.Inf(1)
	}
	before := make([]int, len(changed)+1) // changed pixels to the left of a column
	for x, n := range changed {
		before[x+1] = before[x] + n
	}
	for left, n := range changed {
		if n == 0 {
			continue
		}
		price := math.Inf(1) // of windows from left to some column from right on
		for right := len(changed) - 1; right >= left; right-- {
			if changed[right] > 0 {
				bytes := overhead + float64(2*height*(right-left+1))
				price = min(price, bytes/float64(before[right+1]-before[left]))
			}
			least[right] = min(least[right], price)
		}
	}
	return least
}
