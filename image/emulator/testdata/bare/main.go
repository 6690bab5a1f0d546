// Command bare is an init that does nothing: how long Linux alone takes to it is
// what a start cannot be faster than.
package main

func main() {
	println("bare init is up")
	select {}
}
