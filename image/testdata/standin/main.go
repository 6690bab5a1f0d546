// Command standin is in the tests' images what firmware is on a board.
package main

func main() {}
