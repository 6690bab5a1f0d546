// Package entropy makes uniform bytes of noise.
package entropy
